//! A request without a service around it.

use std::{sync::Arc, time::Duration};

use belvedere_core::{
    NewRequest, RequestContext,
    context::Route,
    trace::{Sampler, Tracer},
};

use crate::{CapturedSpan, CapturedSpans};

/// A sampled request that keeps its spans.
#[derive(Debug)]
pub struct CapturedRequest {
    /// Its ids.
    pub context: Arc<RequestContext>,
    spans: CapturedSpans,
}

impl CapturedRequest {
    /// `GET /`.
    #[must_use]
    pub fn begin() -> Self {
        let spans = CapturedSpans::default();
        let sampler = Sampler::new(1.0, true);
        let tracer = Tracer::new(Arc::new(spans.clone()), sampler, Duration::MAX);
        Self {
            context: NewRequest::new(&Route::new("GET", "/"), "/").begin(&tracer),
            spans,
        }
    }

    /// Does `work` as a handler would.
    pub async fn run<F: Future>(&self, work: F) -> F::Output {
        self.context.clone().scope(work).await
    }

    /// The spans that have ended since the last call.
    #[must_use]
    pub fn spans(&self) -> Vec<CapturedSpan> {
        self.spans.take()
    }
}
