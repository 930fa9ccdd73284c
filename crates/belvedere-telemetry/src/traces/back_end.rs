use std::sync::Arc;

use belvedere_core::trace::{Kept, Sampler};
use opentelemetry::TraceId;

use crate::otlp::Queue;

/// One of those that get spans, with its own share of the traces.
///
/// The widest share is what the head of a trace decides by, a trusted caller's verdict included. The others draw theirs out of
/// that by the trace id, so that every process keeps the same traces for the same back end.
#[derive(Debug)]
pub(crate) struct BackEnd {
    queue: Arc<Queue>,
    /// The share of what is sampled; none for the widest.
    narrower: Option<Narrower>,
}

#[derive(Debug)]
struct Narrower {
    configured: f64,
    sampler: Sampler,
}

impl BackEnd {
    /// `ratio`: its own; `widest`: the largest of all back ends.
    pub(super) fn new(queue: Arc<Queue>, ratio: f64, widest: f64) -> Self {
        let narrower = (ratio < widest).then(|| Narrower {
            configured: ratio,
            sampler: Sampler::new(ratio, false),
        });
        Self { queue, narrower }
    }

    /// While a ratio is ordered, it is that of every back end: each takes what is sampled.
    pub(crate) fn obey(&self, is_ordered: bool) {
        if let Some(narrower) = &self.narrower {
            let ratio = if is_ordered { 1.0 } else { narrower.configured };
            narrower.sampler.set_ratio(ratio);
        }
    }

    /// Whether it takes a trace that is sampled at its head.
    pub(super) fn samples(&self, trace_id: TraceId) -> bool {
        let narrower = self.narrower.as_ref();
        narrower.is_none_or(|narrower| narrower.sampler.draws(trace_id))
    }

    /// Whether it takes spans now; those that end well come once.
    pub(super) fn takes(&self, trace_id: TraceId, kept: Kept) -> bool {
        match kept {
            Kept::Sampled => self.samples(trace_id),
            Kept::AtEnd { is_sampled } => !(is_sampled && self.samples(trace_id)),
        }
    }

    pub(super) const fn queue(&self) -> &Arc<Queue> {
        &self.queue
    }
}
