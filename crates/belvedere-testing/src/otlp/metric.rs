use std::collections::BTreeMap;

use opentelemetry_proto::tonic::metrics::v1::{
    Metric, NumberDataPoint, ResourceMetrics, metric::Data, number_data_point::Value,
};

use super::text::{of_attributes, of_resource};

/// A point of a metric as it arrived.
#[derive(Debug, Clone, PartialEq)]
pub struct ReceivedMetric {
    /// The metric's name.
    pub name: String,
    /// The labels.
    pub attributes: BTreeMap<String, String>,
    /// What it says; of a histogram, how many values it has.
    pub value: f64,
    /// The attributes of the resource that sent it.
    pub resource: BTreeMap<String, String>,
}

pub(super) fn read_batch(batch: ResourceMetrics) -> impl Iterator<Item = ReceivedMetric> {
    let resource = of_resource(batch.resource);
    let scopes = batch.scope_metrics.into_iter();
    let metrics = scopes.flat_map(|scope| scope.metrics);
    metrics.flat_map(move |metric| read(metric, &resource))
}

fn read(metric: Metric, resource: &BTreeMap<String, String>) -> Vec<ReceivedMetric> {
    let received = |(attributes, value)| ReceivedMetric {
        name: metric.name.clone(),
        attributes,
        value,
        resource: resource.clone(),
    };
    points(metric.data).into_iter().map(received).collect()
}

fn points(data: Option<Data>) -> Vec<(BTreeMap<String, String>, f64)> {
    match data {
        Some(Data::Sum(sum)) => sum.data_points.into_iter().map(number).collect(),
        Some(Data::Gauge(gauge)) => gauge.data_points.into_iter().map(number).collect(),
        Some(Data::Histogram(histogram)) => {
            let points = histogram.data_points.into_iter();
            let counted = points.map(|point| (of_attributes(point.attributes), point.count as f64));
            counted.collect()
        }
        _ => Vec::new(),
    }
}

fn number(point: NumberDataPoint) -> (BTreeMap<String, String>, f64) {
    let value = match point.value {
        Some(Value::AsDouble(value)) => value,
        Some(Value::AsInt(value)) => value as f64,
        None => f64::NAN,
    };
    (of_attributes(point.attributes), value)
}
