//! The trace, told to the caller: for whoever has an answer and wants to see how it came about.

use belvedere_core::{
    RequestContext,
    propagation::{ResponseTrace, header},
};
use http::{HeaderMap, HeaderName, HeaderValue};

const TRACERESPONSE: HeaderName = HeaderName::from_static(header::TRACERESPONSE);
const SERVER_TIMING: HeaderName = HeaderName::from_static(header::SERVER_TIMING);
/// What stands around the trace in `server-timing`.
const BEFORE: &[u8; 18] = b"traceparent;desc=\"";
const AFTER: u8 = b'"';

/// Names the trace in the headers of an answer, while traces are exported.
pub(super) fn trace(how: ResponseTrace, context: &RequestContext, headers: &mut HeaderMap) {
    // Where no trace goes anywhere its name finds nothing; the request's id is in the answer, and in the log, all the same.
    if how == ResponseTrace::None || !context.wants_spans() {
        return;
    }
    let trace = context.traceparent().to_ascii();
    if how != ResponseTrace::ServerTiming {
        put(headers, TRACERESPONSE, &trace);
    }
    if how != ResponseTrace::TraceResponse {
        let mut timing = [AFTER; BEFORE.len() + 55 + 1];
        timing[..BEFORE.len()].copy_from_slice(BEFORE);
        timing[BEFORE.len()..][..trace.len()].copy_from_slice(&trace);
        put(headers, SERVER_TIMING, &timing);
    }
}

/// Beside the handler's own timings, if it has any.
fn put(headers: &mut HeaderMap, name: HeaderName, value: &[u8]) {
    if let Ok(mut value) = HeaderValue::from_bytes(value) {
        // As the request's id: not to be kept in HTTP/2's table.
        value.set_sensitive(true);
        headers.append(name, value);
    }
}

#[cfg(test)]
mod tests {
    use belvedere_testing::CapturedRequest;

    use super::*;

    #[test]
    fn a_trace_that_is_handed_back_is_kept_out_of_http2s_table() {
        let request = CapturedRequest::begin();
        let mut headers = HeaderMap::new();
        trace(ResponseTrace::Both, &request.context, &mut headers);
        for name in [TRACERESPONSE, SERVER_TIMING] {
            assert!(headers[&name].is_sensitive(), "{name}");
        }
    }
}
