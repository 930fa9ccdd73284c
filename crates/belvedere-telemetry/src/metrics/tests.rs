use std::{sync::Arc, thread};

use belvedere_core::metrics::{exemplify, money};
use metrics::{counter, describe_counter, gauge, histogram, with_local_recorder};
use opentelemetry::TraceId;

mod crowds;
mod declared;

use super::{
    accept::Format,
    recorder::Recording,
    registry::{Budget, Registry},
    render::render,
};

const BUDGET: Budget = Budget {
    series: 1000,
    tenants: 100,
};

fn recorded_within(budget: Budget, format: Format, work: impl FnOnce()) -> String {
    let registry = Arc::new(Registry::new(budget));
    with_local_recorder(&Recording(Arc::clone(&registry)), work);
    render(&registry, format)
}

fn text(work: impl FnOnce()) -> String {
    recorded_within(BUDGET, Format::Text, work)
}

fn open_metrics(work: impl FnOnce()) -> String {
    recorded_within(BUDGET, Format::OpenMetrics, work)
}

/// Everything but what describes.
fn samples(text: &str) -> Vec<&str> {
    text.lines().filter(|line| !line.starts_with('#')).collect()
}

fn shop() {
    describe_counter!("orders_total", "Orders, \"paid\" or not.\nC:\\ too");
    counter!("orders_total", "state" => "paid", "path" => "/a\"b\\c\nd").increment(3);
    counter!("orders_total", "path" => "/", "state" => "new").increment(1);
    gauge!("carts").set(-1.5);
    money("revenue_total_usd", &[("product", "a")]).increment(12_305);
    money("revenue_total_usd", &[("product", "b")]).increment(7);
    let weight = histogram!("parcel_size_bytes");
    for bytes in [100.0, 101.0, 2e7] {
        weight.record(bytes);
    }
}

#[test]
fn the_text_format_is_as_prometheus_reads_it() {
    let expected = r#"# HELP carts Not described.
# TYPE carts gauge
carts -1.5
# HELP orders_total Orders, "paid" or not.\nC:\\ too
# TYPE orders_total counter
orders_total{path="/",state="new"} 1
orders_total{path="/a\"b\\c\nd",state="paid"} 3
# HELP parcel_size_bytes Not described.
# TYPE parcel_size_bytes histogram
parcel_size_bytes_bucket{le="100"} 1
parcel_size_bytes_bucket{le="1000"} 2
parcel_size_bytes_bucket{le="10000"} 2
parcel_size_bytes_bucket{le="100000"} 2
parcel_size_bytes_bucket{le="1000000"} 2
parcel_size_bytes_bucket{le="10000000"} 2
parcel_size_bytes_bucket{le="+Inf"} 3
parcel_size_bytes_sum 20000201
parcel_size_bytes_count 3
# HELP revenue_total_usd Not described.
# TYPE revenue_total_usd counter
revenue_total_usd{product="a"} 123.05
revenue_total_usd{product="b"} 0.07
"#;
    assert_eq!(text(shop), expected);
}

#[test]
fn open_metrics_names_counters_by_its_own_rules_and_has_an_end() {
    let text = open_metrics(shop);
    let comments: Vec<_> = text.lines().filter(|line| line.starts_with('#')).collect();
    let expected = [
        "# HELP carts Not described.",
        "# TYPE carts gauge",
        r#"# HELP orders Orders, \"paid\" or not.\nC:\\ too"#,
        "# TYPE orders counter",
        "# HELP parcel_size_bytes Not described.",
        "# TYPE parcel_size_bytes histogram",
        "# HELP revenue_total_usd Not described.",
        "# TYPE revenue_total_usd unknown",
        "# EOF",
    ];
    assert_eq!(comments, expected);
    assert_eq!(samples(&text), samples(&super::tests::text(shop)));
    assert!(text.ends_with("# EOF\n"));
}

#[test]
fn a_counter_whose_short_name_is_taken_is_unknown_to_open_metrics() {
    let text = open_metrics(|| {
        gauge!("orders").set(1.0);
        counter!("orders_total").increment(1);
    });
    assert!(text.contains("# TYPE orders gauge\n"), "{text}");
    assert!(text.contains("# TYPE orders_total unknown\n"), "{text}");
}

#[test]
fn a_kept_trace_is_the_exemplar_of_its_bucket_in_open_metrics_only() {
    let trace_id = TraceId::from_hex("4bf92f3577b34da6a3ce929d0e0e4736").unwrap();
    let work = || {
        let duration = histogram!("http_request_duration_seconds");
        for seconds in [0.004, 0.2] {
            duration.record(seconds);
        }
        exemplify(&duration, 0.2, trace_id);
    };
    let plain = text(work);
    assert!(!plain.contains("trace_id"), "{plain}");
    let text = open_metrics(work);
    let marked: Vec<_> = text.lines().filter(|l| l.contains("trace_id")).collect();
    let [line] = marked[..] else {
        panic!("{marked:?}")
    };
    let begin = "http_request_duration_seconds_bucket{le=\"0.25\"} 2 # {trace_id=\"4bf92f3577b34da6a3ce929d0e0e4736\"} 0.2 ";
    let at = line.strip_prefix(begin).unwrap_or_else(|| panic!("{line}"));
    assert!(at.parse::<f64>().unwrap() > 1.7e9, "{line}");
    assert!(text.contains("http_request_duration_seconds_count 2\n"));
}

#[test]
fn label_sets_past_the_budget_are_one_series_and_counted() {
    let budget = Budget {
        series: 3,
        ..BUDGET
    };
    let text = recorded_within(budget, Format::Text, || {
        for id in 0..10 {
            counter!("orders_total", "id" => id.to_string(), "kind" => "web").increment(1);
        }
        counter!("orders_total", "kind" => "web", "id" => "1").increment(5);
    });
    let expected = [
        "metrics_label_overflow_total{metric=\"orders_total\"} 7",
        "orders_total{id=\"0\",kind=\"web\"} 1",
        "orders_total{id=\"1\",kind=\"web\"} 6",
        "orders_total{id=\"2\",kind=\"web\"} 1",
        "orders_total{id=\"_overflow\",kind=\"_overflow\"} 7",
    ];
    assert_eq!(samples(&text), expected);
}

#[test]
fn neither_keys_past_the_budget_nor_invented_tenants_are_remembered() {
    let budget = Budget {
        series: 3,
        tenants: 2,
    };
    let registry = Arc::new(Registry::new(budget));
    with_local_recorder(&Recording(Arc::clone(&registry)), || {
        for id in 0..1000 {
            counter!("orders_total", "id" => id.to_string()).increment(1);
            counter!("calls_total", "tenant_id" => id.to_string()).increment(1);
        }
    });
    let watched = budget.tenants * super::tenants::WATCHED_PER_TOLD;
    assert_eq!(registry.known(), budget.series + watched);
}

#[test]
fn a_name_has_one_type_and_what_differs_is_counted_as_lost() {
    let text = text(|| {
        counter!("orders").increment(1);
        gauge!("orders").set(7.0);
        histogram!("orders", "a" => "b").record(7.0);
        money("orders", &[("a", "b")]).increment(7);
    });
    let expected = [
        "orders 1",
        "telemetry_dropped_total{reason=\"metric_of_other_type\",signal=\"metrics\"} 3",
    ];
    assert_eq!(samples(&text), expected);
}

#[test]
fn names_made_of_data_end_somewhere() {
    let text = text(|| {
        describe_counter!("telemetry_dropped_total", "");
        for id in 0..5000 {
            counter!(format!("order_{id}_total")).increment(1);
        }
    });
    assert_eq!(samples(&text).len(), 1000);
    let dropped = "telemetry_dropped_total{reason=\"too_many_metrics\",signal=\"metrics\"} 4001";
    assert!(
        samples(&text).contains(&dropped),
        "{:?}",
        samples(&text).last()
    );
}

#[test]
fn what_many_threads_record_at_once_is_all_there() {
    let registry = Arc::new(Registry::new(BUDGET));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                with_local_recorder(&Recording(Arc::clone(&registry)), || {
                    for n in 0..10_000 {
                        counter!("calls_total", "n" => (n % 50).to_string()).increment(1);
                        histogram!("took_seconds").record(0.25);
                        gauge!("active").increment(1.0);
                    }
                });
            });
        }
    });
    let text = render(&registry, Format::Text);
    let calls: Vec<_> = text
        .lines()
        .filter(|l| l.starts_with("calls_total{"))
        .collect();
    assert_eq!(calls.len(), 50);
    assert!(calls.iter().all(|line| line.ends_with(" 800")), "{calls:?}");
    for line in [
        "took_seconds_count 40000",
        "took_seconds_sum 10000",
        "active 40000",
    ] {
        assert!(text.lines().any(|found| found == line), "{text}");
    }
}
