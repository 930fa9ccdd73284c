use belvedere_macros::Label;

#[derive(Label)]
enum Open {
    Named(String),
}

#[derive(Label)]
struct NoEnum;

struct Unlabelled;

belvedere::declare_metrics! {
    /// Orders.
    fn orders(source: Unlabelled) -> Counter;
}

fn main() {}
