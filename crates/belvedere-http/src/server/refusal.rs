//! What was refused before there was a request: no log line, but a number.

use std::error::Error;

use belvedere_core::names::metric;
use h2::Reason;

/// Counts a connection that hyper has ended because of what came. A peer that went away is told by the observe layer, if it
/// had made a request.
pub(super) fn count(error: &(dyn Error + 'static)) {
    let reason = error.downcast_ref().and_then(http1);
    if let Some(reason) = reason.or_else(|| error.source()?.downcast_ref().and_then(http2)) {
        count_as(reason);
    }
}

/// Counts a connection that was refused for a reason out of a closed set.
pub(super) fn count_as(reason: &'static str) {
    metrics::counter!(metric::HTTP_CONNECTIONS_REJECTED, "reason" => reason).increment(1);
}

fn http1(error: &hyper::Error) -> Option<&'static str> {
    if error.is_parse_too_large() {
        Some("head_too_large")
    } else {
        error.is_parse().then_some("malformed")
    }
}

/// Only what h2 has found itself: a peer's own GOAWAY refuses nothing.
fn http2(error: &h2::Error) -> Option<&'static str> {
    if !error.is_library() {
        return None;
    }
    match error.reason()? {
        Reason::ENHANCE_YOUR_CALM => Some("http2_flood"),
        // h2 has no other use for it than a head that goes on past twice its limit.
        Reason::COMPRESSION_ERROR => Some("head_too_large"),
        _ => Some("malformed"),
    }
}
