//! Names of headers, in lower case.

/// The id of one request.
pub const REQUEST_ID: &str = "x-request-id";
/// W3C Trace Context.
pub const TRACEPARENT: &str = "traceparent";
/// W3C Trace Context: what back ends of others want to find again.
pub const TRACESTATE: &str = "tracestate";
/// W3C Trace Context, level 2 (draft): the trace, told to the caller.
pub const TRACERESPONSE: &str = "traceresponse";
/// W3C Server Timing: the one header of a response that a page's own scripts can read of every resource.
pub const SERVER_TIMING: &str = "server-timing";
/// W3C Baggage.
pub const BAGGAGE: &str = "baggage";
/// What Elastic's agents sent before there was `traceparent`, in the same form.
pub const ELASTIC_TRACEPARENT: &str = "elastic-apm-traceparent";
/// B3, in one header.
pub const B3: &str = "b3";
/// B3: 32 or 16 hex digits.
pub const B3_TRACE_ID: &str = "x-b3-traceid";
/// B3: 16 hex digits.
pub const B3_SPAN_ID: &str = "x-b3-spanid";
/// B3: `1` or `0`.
pub const B3_SAMPLED: &str = "x-b3-sampled";
/// B3: `1` stands for debug, which is sampled whatever else is said.
pub const B3_FLAGS: &str = "x-b3-flags";
