//! What it costs to look at a text that has nothing to hide: every string of every line and span comes by.

use std::hint::black_box;

use belvedere_core::Redactor;
use criterion::{Criterion, criterion_group, criterion_main};

const PLAIN: &str = "the order is confirmed and will be sent.";
const UUID: &str = "01a1fd03-03d4-793f-8428-31780a258291";

fn redact(criterion: &mut Criterion) {
    let redactor = Redactor::default();
    let long = PLAIN.repeat(100);
    let texts = [
        ("plain, 12 bytes", "order_placed"),
        ("plain, 40 bytes", PLAIN),
        ("plain, 4000 bytes", &long),
        ("a uuid", UUID),
        ("a path with an encoded blank", "/v1/products/dark%20roast"),
        ("a url", "postgres://shop:hunter2@db:5432/shop"),
    ];
    for (name, text) in texts {
        criterion.bench_function(name, |bencher| {
            bencher.iter(|| redactor.show("note", black_box(text)).len());
        });
    }
}

criterion_group!(benches, redact);
criterion_main!(benches);
