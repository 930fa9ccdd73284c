use std::{
    sync::Arc,
    time::{Instant, SystemTime},
};

use opentelemetry::{
    Context, SpanId,
    trace::{SpanKind, TraceContextExt},
};

use super::{Attribute, Parent, SpanRecord, Status, TraceParent};
use crate::RequestContext;

/// A span of our own below the current one: a statement, a command, a call.
///
/// It exists only inside a request whose spans may be exported. Dropping it without [`ChildSpan::finish`] leaves nothing.
#[derive(Debug)]
pub struct ChildSpan {
    context: Arc<RequestContext>,
    parent: SpanId,
    span_id: SpanId,
    began: SystemTime,
    clock: Instant,
}

impl ChildSpan {
    /// Begins now, below the user's current span if there is one, else below the request's server span.
    pub fn begin() -> Option<Self> {
        // Where spans go nowhere, nothing is counted up and down.
        if !RequestContext::with(RequestContext::wants_spans)? {
            return None;
        }
        let context = RequestContext::current()?;
        Some(Self {
            parent: parent_of(&context),
            span_id: SpanId::from(fastrand::u64(1..)),
            began: SystemTime::now(),
            clock: Instant::now(),
            context,
        })
    }

    /// What to send to a peer, so that its span becomes this one's child.
    pub fn traceparent(&self) -> TraceParent {
        TraceParent {
            span_id: self.span_id,
            ..self.context.traceparent()
        }
    }

    /// What stands above all that begins below this span.
    pub(crate) fn above(&self) -> Context {
        let state = self.context.trace_state();
        let state = state.and_then(|state| state.parse().ok());
        let here = self.traceparent().local_context(state.unwrap_or_default());
        Context::map_current(|current| current.with_remote_span_context(here))
    }

    /// Ends now. `attributes` follow OpenTelemetry's semantic conventions.
    pub fn finish(
        self,
        kind: &SpanKind,
        name: &str,
        attributes: &[Attribute<'_>],
        status: Status<'_>,
    ) {
        self.context.record(&SpanRecord {
            trace_id: self.context.trace_id(),
            span_id: self.span_id,
            parent: Some(Parent {
                span_id: self.parent,
                is_remote: false,
            }),
            trace_state: self.context.trace_state(),
            kind,
            name,
            start: self.began,
            end: self.began + self.clock.elapsed(),
            attributes,
            status,
            link: None,
        });
    }
}

fn parent_of(context: &RequestContext) -> SpanId {
    Context::map_current(|current| {
        let span = current.span();
        let here = span.span_context();
        let same_trace = here.trace_id() == context.trace_id();
        if same_trace {
            here.span_id()
        } else {
            context.span_id()
        }
    })
}
