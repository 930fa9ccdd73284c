//! What the layer asks of a protocol, and what all protocols do alike.

use std::{error::Error, sync::Arc, time::Duration};

use axum::body::Body;
use belvedere_core::{
    NewRequest, RequestContext, context::Route, names::event, propagation::Incoming,
};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body::Frame;

use super::{Observe, hand_back, request::REQUEST_ID};
use crate::Peer;

/// How the requests of a protocol are told.
pub trait Protocol: Clone {
    /// What one of them leaves behind.
    type Record: Record;

    /// A head was parsed.
    fn begin(&self, observe: &Observe, request: &mut Request<Body>) -> Self::Record;
}

/// Travels from the request into the future, from there into the body; whoever drops it last has it told.
pub trait Record: Sized {
    /// The request's.
    fn context(&self) -> &Arc<RequestContext>;

    /// The head of the response is known.
    fn answer(&mut self, response: &mut Response<impl http_body::Body>);

    /// The next part of the response.
    fn frame(&mut self, frame: &mut Frame<Bytes>);

    /// The body has ended as it should.
    fn end(&mut self);

    /// The body broke.
    fn fail(&mut self, error: &(dyn Error + 'static));

    /// The body panicked, and the panic hook has told of it. What the caller is told in its trailers; without any, its stream
    /// is reset.
    fn panicked(&mut self) -> Option<HeaderMap>;
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// As it should.
    Ok,
    /// By a failure of the service.
    Error,
    /// The caller went away.
    ClientAbort,
    /// It took too long.
    Timeout,
    /// By a panic.
    Panic,
    /// The process ended first.
    Shutdown,
}

impl Outcome {
    /// As in the log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Error => "error",
            Self::ClientAbort => "client_abort",
            Self::Timeout => "timeout",
            Self::Panic => "panic",
            Self::Shutdown => "shutdown",
        }
    }
}

/// What the end of a request means to the service.
#[derive(Debug, Clone, Copy)]
pub struct Ended {
    /// How.
    pub outcome: Outcome,
    /// Whether the service is to blame.
    pub is_failure: bool,
    /// From its head to its end.
    pub duration: Duration,
}

impl Observe {
    /// The context of a request that has just come: its ids, its caller's trace as far as the caller is trusted, the verdict.
    pub fn context(&self, request: &Request<Body>, route: &Route) -> Arc<RequestContext> {
        let peer = request.extensions().get::<Peer>();
        let incoming = read(request.headers());
        // Who is at no socket (a test) is trusted.
        let is_trusted = || peer.is_none_or(|peer| self.0.trusted.trusts(peer.0.ip()));
        let propagation = &self.0.propagation;
        NewRequest::new(route, request.uri().path())
            .request_id(incoming.request_id())
            .caller(incoming.caller(propagation, is_trusted))
            .propagators(propagation.propagators)
            .begin(&self.0.tracer)
    }

    /// Whether it sees probes: counted, and no more.
    pub fn is_probe(&self) -> bool {
        self.0.is_probe
    }

    /// Whether what is in flight is being cut.
    pub fn is_aborting(&self) -> bool {
        self.0.shutdown.is_aborting()
    }

    /// Names the request and its trace in the head of its answer.
    pub fn sign(&self, context: &RequestContext, headers: &mut HeaderMap) {
        if let Ok(mut id) = HeaderValue::from_str(context.request_id()) {
            // Every one is another. HTTP/2 keeps what it may in a table, looks through it for each answer, and drops what does
            // come again.
            id.set_sensitive(true);
            headers.insert(REQUEST_ID, id);
        }
        if !self.0.is_probe {
            hand_back::trace(self.0.propagation.response, context, headers);
        }
    }

    /// Counts a request that has ended by the objectives, has it told, and traced where its trace is kept.
    pub fn conclude(
        &self,
        context: &Arc<RequestContext>,
        ended: Ended,
        tell: impl FnOnce(),
        trace: impl FnOnce(),
    ) {
        if self.0.is_probe {
            return;
        }
        if let Some(slo) = self.0.slo.as_ref()
            && ended.outcome != Outcome::ClientAbort
        {
            slo.count(ended.is_failure, ended.duration);
        }
        context.enter(tell);
        let keep = ended.is_failure || self.0.tracer.is_slow(ended.duration);
        context.decide(keep);
        if context.is_sampled() || keep {
            trace();
        }
    }
}

/// Tells a failure of the service once, with everything the caller is not told.
pub fn tell_exception(
    exc_type: &str,
    cause: Option<&(dyn Error + 'static)>,
    status_code: Option<u16>,
    error: Option<&str>,
) {
    tracing::error!(
        message = event::UNHANDLED_EXCEPTION,
        exc_type,
        exc_message = cause,
        status_code,
        error
    );
}

/// One pass over the headers.
fn read(headers: &HeaderMap) -> Incoming<'_> {
    let mut incoming = Incoming::default();
    for (name, value) in headers {
        incoming.see(name.as_str().as_bytes(), value.as_bytes());
    }
    incoming
}

#[cfg(test)]
mod tests {
    use belvedere_core::{Shutdown, trace::Tracer};

    use super::*;

    #[test]
    fn what_is_another_for_each_answer_is_kept_out_of_http2s_table() {
        let observe = Observe::new(Tracer::off(), Shutdown::default());
        let context = NewRequest::new(&Route::new("GET", "/"), "/").begin(&Tracer::off());
        let mut headers = HeaderMap::new();
        observe.sign(&context, &mut headers);
        assert!(headers[REQUEST_ID].is_sensitive());
    }
}
