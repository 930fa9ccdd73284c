//! Metrics on their way to whoever does not pull them: everything, as it stands, again and again.

use std::{
    io,
    sync::{Arc, Condvar, Mutex, PoisonError},
    thread,
    time::{Duration, SystemTime},
};

use super::{
    Metrics,
    cells::Cell,
    family::Series,
    histogram::Histogram,
    registry::{Kind, Registry},
};
use crate::otlp::{Point, PointValue, Queue, Shape, Window, metric};

/// Pushes snapshots into an exporter's queue, until it is closed or dropped.
#[derive(Debug)]
pub(crate) struct MetricsPush(Arc<Pushing>);

#[derive(Debug)]
struct Pushing {
    metrics: Metrics,
    began: SystemTime,
    queue: Arc<Queue>,
    is_closed: Mutex<bool>,
    closed: Condvar,
}

impl MetricsPush {
    pub(crate) fn start(metrics: Metrics, queue: Arc<Queue>, every: Duration) -> io::Result<Self> {
        let pushing = Arc::new(Pushing {
            metrics,
            began: SystemTime::now(),
            queue,
            is_closed: Mutex::default(),
            closed: Condvar::new(),
        });
        let push = Self(Arc::clone(&pushing));
        thread::Builder::new()
            .name("metrics-push".to_owned())
            .spawn(move || pushing.run(every))?;
        Ok(push)
    }

    /// Pushes for the last time, and lets the exporter send it at once.
    pub(crate) fn close(&self) {
        if self.0.stop() {
            self.0.push();
            self.0.queue.close();
        }
    }

    pub(crate) fn queue(&self) -> &Queue {
        &self.0.queue
    }
}

impl Drop for MetricsPush {
    fn drop(&mut self) {
        self.0.stop();
        self.0.queue.close();
    }
}

impl Pushing {
    fn run(&self, every: Duration) {
        let mut is_closed = self
            .is_closed
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        loop {
            let waited = self
                .closed
                .wait_timeout_while(is_closed, every, |is_closed| !*is_closed);
            is_closed = waited.unwrap_or_else(PoisonError::into_inner).0;
            if *is_closed {
                return;
            }
            self.push();
        }
    }

    /// Whether it was not stopped before. Nothing is pushed afterwards but by the caller.
    fn stop(&self) -> bool {
        let is_closed = self.is_closed.lock();
        let mut is_closed = is_closed.unwrap_or_else(PoisonError::into_inner);
        self.closed.notify_all();
        !std::mem::replace(&mut *is_closed, true)
    }

    fn push(&self) {
        let window = Window {
            began: self.began,
            now: SystemTime::now(),
        };
        let mut entries = Vec::new();
        let count = self
            .metrics
            .registry()
            .map_or(0, |registry| encode(registry, window, &mut entries));
        self.queue.push(&entries, count);
        self.queue.hurry();
    }
}

/// Appends all metrics, and says how many there are.
fn encode(registry: &Registry, window: Window, out: &mut Vec<u8>) -> usize {
    let mut count = 0;
    registry.settle();
    for (name, family) in registry.families().iter() {
        let Some(kind) = family.kind else { continue };
        let help = family.help().unwrap_or_default();
        let points = family.series().map(|series| point(series, kind));
        metric(out, name, help, shape(kind), window, points);
        count += 1;
    }
    count
}

const fn shape(kind: Kind) -> Shape {
    match kind {
        Kind::Counter { .. } => Shape::Sum,
        Kind::Gauge => Shape::Gauge,
        Kind::Histogram => Shape::Histogram,
    }
}

fn point(series: &Series, kind: Kind) -> Point<'_> {
    let value = match &series.cell {
        Cell::Counter(counter) if kind == Kind::COUNTER => PointValue::Int(counter.get()),
        Cell::Counter(counter) => PointValue::Double(counter.get() as f64 / kind.one() as f64),
        Cell::Gauge(gauge) => PointValue::Double(gauge.get()),
        Cell::Histogram(histogram) => buckets(histogram),
    };
    Point {
        labels: &series.labels.pairs,
        value,
    }
}

fn buckets(histogram: &Histogram) -> PointValue {
    let counts: Vec<_> = histogram.counts().collect();
    let exemplars = (0..counts.len()).filter_map(|bucket| histogram.exemplar(bucket));
    PointValue::Histogram {
        bounds: histogram.bounds(),
        sum: histogram.sum(),
        exemplars: exemplars
            .map(|exemplar| (exemplar.trace_id, exemplar.value, exemplar.at))
            .collect(),
        counts,
    }
}
