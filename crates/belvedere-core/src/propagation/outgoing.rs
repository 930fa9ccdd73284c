use super::{Propagator, b3, header};
use crate::{RequestContext, trace::TraceParent};

impl RequestContext {
    /// Tells a callee whose child it is: `from` is the span that calls, `put` is given each header's name and value.
    pub fn inject(&self, from: &TraceParent, mut put: impl FnMut(&'static str, &[u8])) {
        let has = |one| self.propagators().has(one);
        let carried = self.carried();
        let is_debug = carried.is_some_and(|carried| carried.is_debug);
        if has(Propagator::TraceContext) {
            put(header::TRACEPARENT, &from.to_ascii());
            self.trace_state()
                .into_iter()
                .for_each(|state| put(header::TRACESTATE, state.as_bytes()));
        }
        if has(Propagator::B3) {
            put(header::B3, &b3::single(from, is_debug));
        }
        if has(Propagator::B3Multi) {
            b3::multi(from, is_debug, &mut put);
        }
        // What was not let in is not there.
        let baggage = carried.map(|carried| carried.baggage.as_str());
        let baggage = baggage.filter(|baggage| !baggage.is_empty());
        baggage
            .into_iter()
            .for_each(|baggage| put(header::BAGGAGE, baggage.as_bytes()));
    }
}
