//! How metrics get to a collector.

use std::{
    thread,
    time::{Duration, Instant},
};

use belvedere_core::metrics::money;
use belvedere_telemetry::OtelConfig;
use belvedere_testing::{OtlpSink, ReceivedMetric};

use crate::helpers::{Started, start};

/// Longest wait for what comes in a moment.
const PATIENCE: Duration = Duration::from_secs(20);
/// No export but the last comes in time.
const NEVER: u64 = 3_600_000;

fn to(sink: &OtlpSink, change: impl FnOnce(&mut OtelConfig)) -> Started {
    start(|config| {
        config.otel.exporter_otlp_endpoint = Some(sink.endpoint());
        config.otel.metrics_exporter = Some("otlp".to_owned());
        change(&mut config.otel);
    })
}

/// All points of a name that have arrived, in their order.
fn points(sink: &OtlpSink, name: &str) -> Vec<ReceivedMetric> {
    let metrics = sink.metrics().into_iter();
    metrics.filter(|metric| metric.name == name).collect()
}

fn wait_for_value(sink: &OtlpSink, name: &str, value: f64) {
    let began = Instant::now();
    while points(sink, name)
        .last()
        .is_none_or(|last| last.value != value)
    {
        assert!(began.elapsed() < PATIENCE, "{:?}", points(sink, name));
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn metrics_are_exported_as_they_add_up() {
    adds_up("grpc");
}

#[test]
fn they_are_exported_over_http_too() {
    adds_up("http/protobuf");
}

fn adds_up(protocol: &str) {
    let sink = OtlpSink::start().expect("a free port");
    let _started = to(&sink, |otel| {
        otel.exporter_otlp_protocol = protocol.to_owned();
        otel.metric_export_interval = 20;
    });
    let orders = metrics::counter!("orders_total", "state" => "paid");
    orders.increment(2);
    wait_for_value(&sink, "orders_total", 2.0);
    orders.increment(3);
    wait_for_value(&sink, "orders_total", 5.0);
    let last = points(&sink, "orders_total").pop().expect("it has come");
    assert_eq!(last.attributes["state"], "paid");
    assert_eq!(last.resource["service.name"], "shop");
}

#[test]
fn the_end_exports_what_the_interval_had_not() {
    let sink = OtlpSink::start().unwrap();
    let started = to(&sink, |otel| otel.metric_export_interval = NEVER);
    metrics::counter!("orders_total").increment(1);
    metrics::gauge!("carts").set(-1.5);
    money("revenue_total_usd", &[("product", "a")]).increment(12_305);
    let size = metrics::histogram!("parcel_size_bytes");
    for bytes in [50.0, 5e3, 5e9] {
        size.record(bytes);
    }
    assert!(started.telemetry.flush_traces());
    for (name, value) in [
        ("orders_total", 1.0),
        ("carts", -1.5),
        ("revenue_total_usd", 123.05),
        ("parcel_size_bytes", 3.0),
    ] {
        let points = points(&sink, name);
        let values: Vec<_> = points.iter().map(|point| point.value).collect();
        assert_eq!(values, [value], "{name}");
    }
    let resident = points(&sink, "process_resident_memory_bytes");
    assert!(resident[0].value > 1e6, "{resident:?}");
}

#[test]
fn metrics_that_are_off_are_not_exported_either() {
    let sink = OtlpSink::start().unwrap();
    let started = start(|config| {
        config.otel.exporter_otlp_endpoint = Some(sink.endpoint());
        config.otel.metrics_exporter = Some("otlp".to_owned());
        config.prometheus.is_enabled = false;
    });
    metrics::counter!("orders_total").increment(1);
    assert!(started.telemetry.flush_traces());
    assert!(sink.requests().is_empty());
}

#[test]
fn nothing_is_exported_unless_it_is_asked_for() {
    let sink = OtlpSink::start().unwrap();
    let started = to(&sink, |otel| {
        otel.metrics_exporter = None;
        otel.metric_export_interval = 10;
    });
    metrics::counter!("orders_total").increment(1);
    assert!(started.telemetry.flush_traces());
    assert!(sink.metrics().is_empty());
}
