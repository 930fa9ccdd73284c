use std::{sync::Arc, time::SystemTime};

use opentelemetry::{SpanId, TraceId};
use uuid::fmt::Hyphenated;

use super::{
    RequestContext,
    log_fields::{LogFields, Route},
    request_context::Way,
};
use crate::{
    propagation::{Caller, Propagators},
    trace::{TraceParent, Tracer},
};

/// What a request is known by before it has a context.
#[derive(Debug)]
pub struct NewRequest<'r> {
    route: &'r Route,
    path: &'r str,
    request_id: Option<&'r str>,
    way: Way,
}

impl<'r> NewRequest<'r> {
    /// `path` without its query.
    pub fn new(route: &'r Route, path: &'r str) -> Self {
        Self {
            route,
            path,
            request_id: None,
            way: Way {
                caller: Caller::default(),
                propagators: Propagators::default(),
            },
        }
    }

    /// The caller's own id; default: a UUIDv7 (RFC 9562).
    #[must_use]
    pub const fn request_id(mut self, request_id: Option<&'r str>) -> Self {
        self.request_id = request_id;
        self
    }

    /// Where it comes from; default: nowhere.
    #[must_use]
    pub fn caller(mut self, caller: Caller) -> Self {
        self.way.caller = caller;
        self
    }

    /// How its own callees are told of the trace; default: as the W3C says.
    #[must_use]
    pub const fn propagators(mut self, propagators: Propagators) -> Self {
        self.way.propagators = propagators;
        self
    }

    /// Draws the ids and decides whether the trace is sampled.
    pub fn begin(self, tracer: &Tracer) -> Arc<RequestContext> {
        let Caller {
            parent, verdict, ..
        } = self.way.caller;
        let trace_id = parent.map_or_else(new_trace_id, |parent| parent.trace_id);
        let own = TraceParent {
            trace_id,
            span_id: SpanId::from(fastrand::u64(1..)),
            sampled: tracer.is_on() && tracer.sampler().samples(trace_id, verdict),
        };
        let mut drawn = [0; Hyphenated::LENGTH];
        let request_id = self
            .request_id
            .unwrap_or_else(|| draw_request_id(&mut drawn));
        let log_fields = LogFields::render(&own, request_id, self.route, self.path);
        Arc::new(RequestContext::new(own, self.way, log_fields, tracer))
    }
}

fn new_trace_id() -> TraceId {
    TraceId::from(fastrand::u128(1..))
}

/// A UUIDv7: its first 48 bits are the time, so ids sort as requests came.
fn draw_request_id(text: &mut [u8; Hyphenated::LENGTH]) -> &str {
    let millis = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| {
            u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
        });
    let mut random = [0; 10];
    fastrand::fill(&mut random);
    let id = uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid();
    id.hyphenated().encode_lower(text)
}
