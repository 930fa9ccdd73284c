//! What recording costs.

use belvedere_core::{About, declare_metrics};
use belvedere_telemetry::{Telemetry, TelemetryConfig};
use criterion::{Criterion, criterion_group, criterion_main};
use metrics::{counter, histogram};

declare_metrics! {
    /// Calls of the API.
    fn api_calls_total(tenant_id: &str, endpoint: &str) -> Counter;
}

fn install() -> Telemetry {
    let about = About::new("shop", "1.2.3");
    Telemetry::start(about, "production", &TelemetryConfig::default()).expect("telemetry starts")
}

fn recording(criterion: &mut Criterion) {
    let telemetry = install();
    let orders = counter!("orders_total", "state" => "paid");
    let took = histogram!("order_duration_seconds", "state" => "paid");
    criterion.bench_function("a counter and a histogram, by handle", |bencher| {
        bencher.iter(|| {
            orders.increment(1);
            took.record(0.0731);
        });
    });
    let mut products = ["espresso", "lungo", "ristretto"].into_iter().cycle();
    criterion.bench_function("a counter, by labels", |bencher| {
        bencher.iter(|| {
            let product = products.next().unwrap_or_default().to_owned();
            counter!("sold_total", "state" => "paid", "product" => product).increment(1);
        });
    });
    for id in 0..1000 {
        counter!("full_total", "id" => id.to_string()).increment(1);
    }
    criterion.bench_function("a counter, by labels past the budget", |bencher| {
        let mut ids = 1000_u64..;
        bencher.iter(|| {
            let id = ids.next().unwrap_or_default().to_string();
            counter!("full_total", "id" => id).increment(1);
        });
    });
    let tenants: Vec<_> = (0..100_000).map(|rank| format!("tenant-{rank}")).collect();
    criterion.bench_function("a declared counter of a tenant", |bencher| {
        bencher.iter(|| api_calls_total(&tenants[0], "place").increment(1));
    });
    criterion.bench_function("a declared counter of 100,000 tenants in turn", |bencher| {
        let mut tenants = tenants.iter().cycle();
        bencher.iter(|| {
            let tenant = tenants.next().map_or("", |tenant| tenant);
            api_calls_total(tenant, "place").increment(1);
        });
    });
    criterion.bench_function("a scrape of 1,000 series", |bencher| {
        bencher.iter(|| telemetry.metrics().render());
    });
}

criterion_group!(benches, recording);
criterion_main!(benches);
