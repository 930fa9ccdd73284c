//! `opentelemetry.proto.metrics.v1.Metric`: everything that adds up is cumulative.

use std::time::{Duration, SystemTime};

use belvedere_core::trace::Value;
use opentelemetry::TraceId;

use super::{
    attribute::{cut, plain_attribute},
    span::nanos,
    wire::{bytes, fixed64, message, nested, unsigned},
};

/// `ScopeMetrics.metrics`: written as entries of the list they will be sent in.
const METRICS: u32 = 2;

const NAME: u32 = 1;
const DESCRIPTION: u32 = 2;
const UNIT: u32 = 3;
const GAUGE: u32 = 5;
const SUM: u32 = 7;
const HISTOGRAM: u32 = 9;

/// Of `Gauge`, `Sum` and `Histogram` alike.
const DATA_POINTS: u32 = 1;
const TEMPORALITY: u32 = 2;
const CUMULATIVE: u64 = 2;
const IS_MONOTONIC: u32 = 3;

/// Of `NumberDataPoint` and `HistogramDataPoint` alike.
const START_TIME: u32 = 2;
const TIME: u32 = 3;

const NUMBER_DOUBLE: u32 = 4;
const NUMBER_INT: u32 = 6;
const NUMBER_ATTRIBUTES: u32 = 7;

const COUNT: u32 = 4;
const TOTAL: u32 = 5;
const BUCKETS: u32 = 6;
const BOUNDS: u32 = 7;
const EXEMPLARS: u32 = 8;
const HISTOGRAM_ATTRIBUTES: u32 = 9;

const EXEMPLAR_TIME: u32 = 2;
const EXEMPLAR_DOUBLE: u32 = 3;
const EXEMPLAR_TRACE_ID: u32 = 5;

/// When counting began, and when it was looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    pub(crate) began: SystemTime,
    pub(crate) now: SystemTime,
}

/// What a metric's points are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Sum,
    Gauge,
    Histogram,
}

/// One series, as it is now.
#[derive(Debug)]
pub(crate) struct Point<'p> {
    pub(crate) labels: &'p [(Box<str>, Box<str>)],
    pub(crate) value: PointValue,
}

#[derive(Debug)]
pub(crate) enum PointValue {
    Int(u64),
    Double(f64),
    Histogram {
        /// One more than there are bounds.
        counts: Vec<u64>,
        bounds: &'static [f64],
        sum: f64,
        /// Trace, value, and when, since 1970.
        exemplars: Vec<(TraceId, f64, Duration)>,
    },
}

/// Appends a metric as an entry of `ScopeMetrics.metrics`.
pub(crate) fn metric<'p>(
    out: &mut Vec<u8>,
    name: &str,
    help: &str,
    shape: Shape,
    window: Window,
    points: impl Iterator<Item = Point<'p>>,
) {
    nested(out, METRICS, |out| {
        bytes(out, NAME, name.as_bytes());
        bytes(out, DESCRIPTION, help.as_bytes());
        bytes(out, UNIT, unit(name).as_bytes());
        nested(out, shape.field(), |out| {
            for point in points {
                nested(out, DATA_POINTS, |out| point.write(out, window));
            }
            if shape != Shape::Gauge {
                unsigned(out, TEMPORALITY, CUMULATIVE);
            }
            if shape == Shape::Sum {
                unsigned(out, IS_MONOTONIC, 1);
            }
        });
    });
}

/// UCUM, by the name's own unit.
fn unit(name: &str) -> &'static str {
    let name = name.strip_suffix("_total").unwrap_or(name);
    match name.rsplit_once('_') {
        Some((_, "seconds")) => "s",
        Some((_, "bytes")) => "By",
        _ => "",
    }
}

impl Shape {
    const fn field(self) -> u32 {
        match self {
            Self::Sum => SUM,
            Self::Gauge => GAUGE,
            Self::Histogram => HISTOGRAM,
        }
    }
}

impl Point<'_> {
    fn write(&self, out: &mut Vec<u8>, window: Window) {
        fixed64(out, START_TIME, nanos(window.began));
        fixed64(out, TIME, nanos(window.now));
        let attributes = match &self.value {
            PointValue::Int(number) => {
                fixed64(out, NUMBER_INT, *number);
                NUMBER_ATTRIBUTES
            }
            PointValue::Double(number) => {
                fixed64(out, NUMBER_DOUBLE, number.to_bits());
                NUMBER_ATTRIBUTES
            }
            PointValue::Histogram {
                counts,
                bounds,
                sum,
                exemplars,
            } => {
                fixed64(out, COUNT, counts.iter().sum());
                fixed64(out, TOTAL, sum.to_bits());
                packed(out, BUCKETS, counts.iter().copied());
                packed(out, BOUNDS, bounds.iter().map(|bound| bound.to_bits()));
                exemplars.iter().for_each(|found| exemplar(out, found));
                HISTOGRAM_ATTRIBUTES
            }
        };
        for (key, value) in self.labels {
            plain_attribute(out, attributes, key, Value::Str(cut(value)));
        }
    }
}

fn packed(out: &mut Vec<u8>, field: u32, numbers: impl ExactSizeIterator<Item = u64>) {
    message(out, field, numbers.len() * size_of::<u64>());
    numbers.for_each(|number| out.extend_from_slice(&number.to_le_bytes()));
}

fn exemplar(out: &mut Vec<u8>, (trace_id, value, at): &(TraceId, f64, Duration)) {
    nested(out, EXEMPLARS, |out| {
        fixed64(out, EXEMPLAR_TIME, nanos(SystemTime::UNIX_EPOCH + *at));
        fixed64(out, EXEMPLAR_DOUBLE, value.to_bits());
        bytes(out, EXEMPLAR_TRACE_ID, &trace_id.to_bytes());
    });
}

#[cfg(test)]
mod tests;
