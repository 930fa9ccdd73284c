//! Every way in which a request can be made and given up.

use super::arrivals::Half;

/// How a request ends at the caller's side.
#[derive(Debug, Clone, Copy)]
pub(super) enum Caller {
    /// Stays for the answer, and keeps the connection.
    Stays(&'static str, &'static str, u16),
    /// Stays until the answer breaks.
    Watches(&'static str),
    /// Sends a longer head than it may.
    SendsALongHead,
    /// Sends a larger body than it may.
    SendsALargeBody,
    /// Goes away.
    Leaves(Phase, Farewell),
}

/// How far a request has come when its caller goes away.
#[derive(Debug, Clone, Copy)]
pub(super) enum Phase {
    /// Its head is not complete: it is no request yet.
    Head,
    /// It was sent, and nobody has looked at it.
    Sent,
    /// Half of its body has been sent, and the handler waits for the rest.
    Upload,
    /// The handler runs.
    Handler,
    /// The answer has begun, and pauses.
    Pause,
    /// The answer has begun, and more of it comes than is read.
    Flood,
}

/// How a caller goes away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Farewell {
    /// The connection is closed.
    Close,
    /// The connection is reset.
    Reset,
    /// The HTTP/2 stream is reset; its connection goes on.
    ResetStream,
}

/// Method, route and status of a request, the latter `499` for an abort.
pub(super) type Kind = (String, String, String);

const STAYING: [Caller; 14] = [
    Caller::Stays("GET", "/ok", 200),
    Caller::Stays("GET", "/things/{id}", 200),
    Caller::Stays("GET", "/empty", 204),
    Caller::Stays("POST", "/ok", 405),
    Caller::Stays("BREW", "/nowhere", 404),
    Caller::Stays("GET", "/missing", 404),
    Caller::Stays("GET", "/broken", 500),
    Caller::Stays("GET", "/bare", 500),
    Caller::Stays("GET", "/panic", 500),
    Caller::Stays("GET", "/hang", 503),
    Caller::Watches("/body-panic"),
    Caller::Watches("/body-error"),
    Caller::SendsALongHead,
    Caller::SendsALargeBody,
];

const PHASES: [Phase; 6] = [
    Phase::Head,
    Phase::Sent,
    Phase::Upload,
    Phase::Handler,
    Phase::Pause,
    Phase::Flood,
];

/// All that make sense over HTTP/1.1, or over HTTP/2.
pub(super) fn callers(is_http2: bool) -> Vec<Caller> {
    let leaving = PHASES.into_iter().flat_map(|phase| {
        let farewells = [Farewell::Close, Farewell::Reset, Farewell::ResetStream];
        farewells.map(|farewell| Caller::Leaves(phase, farewell))
    });
    let all = STAYING.into_iter().chain(leaving);
    all.filter(|caller| caller.makes_sense(is_http2)).collect()
}

impl Caller {
    fn makes_sense(self, is_http2: bool) -> bool {
        match self {
            Self::Leaves(Phase::Head, Farewell::ResetStream) => false,
            // What is reset may take with it what nobody has read yet: no request then, or one.
            Self::Leaves(Phase::Sent, farewell) => farewell == Farewell::Close && !is_http2,
            Self::Leaves(_, Farewell::ResetStream) => is_http2,
            _ => true,
        }
    }

    /// What has to be told of it, once; nothing of what was never a request.
    pub(super) fn kind(self) -> Option<Kind> {
        let (method, route, status) = match self {
            Self::Stays("BREW", _, status) => ("_OTHER", "unmatched", status),
            Self::Stays(method, route, status) => (method, route, status),
            Self::Watches(route) => ("GET", route, 500),
            Self::SendsALongHead => ("GET", "/ok", 431),
            Self::SendsALargeBody => ("POST", "/upload", 413),
            Self::Leaves(phase, _) => (phase.method(), phase.route()?, 499),
        };
        Some((method.to_owned(), route.to_owned(), status.to_string()))
    }
}

impl Phase {
    pub(super) const fn method(self) -> &'static str {
        match self {
            Self::Upload => "POST",
            _ => "GET",
        }
    }

    pub(super) const fn route(self) -> Option<&'static str> {
        match self {
            Self::Head => None,
            Self::Sent => Some("/hang"),
            Self::Upload => Some(Half::UPLOAD),
            Self::Handler => Some(Half::HANDLER),
            Self::Pause => Some(Half::PAUSE),
            Self::Flood => Some(Half::FLOOD),
        }
    }
}
