use opentelemetry_proto::tonic::{
    common::v1::any_value::Value as AnyValue,
    metrics::v1::{
        AggregationTemporality, Metric, ScopeMetrics, exemplar, metric::Data, number_data_point,
    },
};
use prost::Message;

use super::*;

/// What a collector makes of it.
fn read(name: &str, shape: Shape, values: impl IntoIterator<Item = PointValue>) -> Metric {
    let labels = [(Box::from("path"), Box::from("/v1/orders/{id}"))];
    let window = Window {
        began: SystemTime::UNIX_EPOCH + Duration::from_secs(1),
        now: SystemTime::UNIX_EPOCH + Duration::from_secs(2),
    };
    let points = values.into_iter().map(|value| Point {
        labels: &labels,
        value,
    });
    let mut out = Vec::new();
    metric(&mut out, name, "Helps.", shape, window, points);
    let mut scope = ScopeMetrics::decode(&*out).unwrap();
    assert_eq!(scope.metrics.len(), 1);
    scope.metrics.remove(0)
}

#[test]
fn a_counter_is_a_cumulative_monotonic_sum() {
    let metric = read(
        "orders_total",
        Shape::Sum,
        [PointValue::Int(7), PointValue::Double(1.05)],
    );
    assert_eq!(
        (&*metric.name, &*metric.description),
        ("orders_total", "Helps.")
    );
    let Some(Data::Sum(sum)) = metric.data else {
        panic!("{:?}", metric.data);
    };
    assert!(sum.is_monotonic);
    let cumulative = AggregationTemporality::Cumulative;
    assert_eq!(sum.aggregation_temporality, cumulative as i32);
    let values: Vec<_> = sum.data_points.iter().map(|point| point.value).collect();
    let expected = [
        Some(number_data_point::Value::AsInt(7)),
        Some(number_data_point::Value::AsDouble(1.05)),
    ];
    assert_eq!(values, expected);
    let point = &sum.data_points[0];
    assert_eq!(point.start_time_unix_nano, 1_000_000_000);
    assert_eq!(point.time_unix_nano, 2_000_000_000);
    let label = &point.attributes[0];
    let text = label.value.clone().and_then(|value| value.value);
    assert_eq!(label.key, "path");
    assert_eq!(
        text,
        Some(AnyValue::StringValue("/v1/orders/{id}".to_owned()))
    );
}

#[test]
fn a_gauge_adds_up_to_nothing() {
    let metric = read("carts", Shape::Gauge, [PointValue::Double(-1.5)]);
    let Some(Data::Gauge(gauge)) = metric.data else {
        panic!("{:?}", metric.data);
    };
    let value = gauge.data_points[0].value;
    assert_eq!(value, Some(number_data_point::Value::AsDouble(-1.5)));
}

#[test]
fn a_histogram_keeps_its_buckets_and_its_exemplars() {
    let trace_id = TraceId::from(0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736);
    let value = PointValue::Histogram {
        counts: vec![1, 0, 2],
        bounds: &[0.1, 1.0],
        sum: 9.5,
        exemplars: vec![(trace_id, 4.5, Duration::from_secs(2))],
    };
    let metric = read("took_seconds", Shape::Histogram, [value]);
    let Some(Data::Histogram(histogram)) = metric.data else {
        panic!("{:?}", metric.data);
    };
    let cumulative = AggregationTemporality::Cumulative;
    assert_eq!(histogram.aggregation_temporality, cumulative as i32);
    let point = &histogram.data_points[0];
    assert_eq!((point.count, point.sum), (3, Some(9.5)));
    assert_eq!(point.bucket_counts, [1, 0, 2]);
    assert_eq!(point.explicit_bounds, [0.1, 1.0]);
    assert_eq!(point.attributes[0].key, "path");
    let found = &point.exemplars[0];
    assert_eq!(found.trace_id, trace_id.to_bytes());
    assert_eq!(found.value, Some(exemplar::Value::AsDouble(4.5)));
    assert_eq!(found.time_unix_nano, 2_000_000_000);
}

#[test]
fn the_unit_is_the_one_in_the_name() {
    let units = [
        "took_seconds",
        "process_cpu_seconds_total",
        "http_request_size_bytes",
        "orders_total",
        "seconds",
    ];
    assert_eq!(units.map(unit), ["s", "s", "By", "", ""]);
}
