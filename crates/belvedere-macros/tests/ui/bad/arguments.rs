use belvedere_macros::{capture_span, capture_transaction};

struct Opaque;

#[capture_span(level = "debug")]
fn unknown() {}

#[capture_span(name = "a", name = "b")]
fn twice() {}

#[capture_transaction(name = "")]
fn nameless() {}

#[capture_span(fields(value))]
fn no_field(value: Opaque) {
    drop(value);
}

#[capture_span]
const fn early() {}

#[capture_span]
struct NoFunction;

fn main() {}
