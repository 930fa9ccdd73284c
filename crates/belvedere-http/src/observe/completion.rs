//! The record that every accepted request leaves once.

use std::{
    borrow::Cow,
    error::Error,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use belvedere_core::{
    RequestContext, millis,
    names::{event, metric},
};
use bytes::Bytes;
use http::{HeaderMap, Method, Response, StatusCode, Version};
use http_body::{Body, Frame};

use super::{
    Ended, Outcome, Record,
    body::Upload,
    layer::Observe,
    record::tell_exception,
    series::Series,
    span::{self, Ending},
};
use crate::{Peer, problem::Failure, protect::Cut};

/// Status of a request whose caller went away before its end.
const CLIENT_CLOSED_REQUEST: u16 = 499;

/// What was known when the request came.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) method: &'static str,
    pub(super) version: Version,
    pub(super) peer: Option<Peer>,
    pub(super) is_tls: bool,
    /// `None` for a body of unknown length.
    pub(super) declared_bytes: Option<u64>,
    /// `None` for a request without a body.
    pub(super) upload: Option<Arc<Upload>>,
}

impl Received {
    fn bytes(&self) -> u64 {
        let read = || self.upload.as_ref().map_or(0, |upload| upload.bytes());
        self.declared_bytes.unwrap_or_else(read)
    }

    fn was_broken_off(&self) -> bool {
        self.upload
            .as_ref()
            .is_some_and(|upload| upload.is_broken())
    }
}

/// The record of an HTTP request.
#[derive(Debug)]
pub struct Completion {
    observe: Observe,
    context: Arc<RequestContext>,
    series: Arc<Series>,
    received: Received,
    clock: Instant,
    response_bytes: u64,
    /// What the response's head said.
    status: Option<StatusCode>,
    cut: Option<Cut>,
    code: Option<Cow<'static, str>>,
    exc_type: Option<&'static str>,
    /// The connection will not read the body, because there is none to be sent.
    ends_unread: bool,
    is_done: bool,
}

impl Completion {
    pub(super) fn begin(
        observe: &Observe,
        context: Arc<RequestContext>,
        series: Arc<Series>,
        received: Received,
    ) -> Self {
        series.began();
        Self {
            observe: observe.clone(),
            context,
            series,
            received,
            clock: Instant::now(),
            response_bytes: 0,
            status: None,
            cut: None,
            code: None,
            exc_type: None,
            ends_unread: false,
            is_done: false,
        }
    }

    fn has_no_body(&self, response: &Response<impl Body>) -> bool {
        let status = response.status();
        let is_bodiless = status == StatusCode::NO_CONTENT || status == StatusCode::NOT_MODIFIED;
        is_bodiless
            || self.received.method == Method::HEAD.as_str()
            || response.body().is_end_stream()
    }

    fn finish(&mut self, outcome: Outcome, status: u16) {
        if std::mem::replace(&mut self.is_done, true) {
            return;
        }
        let duration = self.clock.elapsed();
        self.series
            .ended(status, duration, self.received.bytes(), self.response_bytes);
        let ended = Ended {
            outcome,
            is_failure: status >= 500,
            duration,
        };
        self.observe.conclude(
            &self.context,
            ended,
            || self.tell(outcome, status, duration),
            || {
                self.trace(outcome, status, duration);
                self.leave_exemplar(duration);
            },
        );
    }

    fn tell(&self, outcome: Outcome, status: u16, duration: Duration) {
        tracing::info!(
            message = event::REQUEST_COMPLETED,
            status_code = status,
            duration_ms = millis(duration),
            response_bytes = self.response_bytes,
            outcome = outcome.as_str(),
            error = self.code.as_deref()
        );
    }

    fn trace(&self, outcome: Outcome, status: u16, duration: Duration) {
        let error_type = (status >= 500).then(|| self.error_type(outcome, status));
        let ending = Ending {
            status,
            is_abort: outcome == Outcome::ClientAbort,
            error_type: error_type.as_deref(),
            duration,
            ago: self.clock.elapsed().saturating_sub(duration),
        };
        span::record(&self.context, &self.received, &self.series, &ending);
    }

    /// For kept traces alone: the others pay nothing for it.
    fn leave_exemplar(&self, duration: Duration) {
        if self.context.wants_spans() {
            self.series.exemplify(duration, self.context.trace_id());
        }
    }

    fn error_type(&self, outcome: Outcome, status: u16) -> Cow<'static, str> {
        match (outcome, self.exc_type) {
            (Outcome::Error, Some(exc_type)) => exc_type.into(),
            (Outcome::Error, None) => status.to_string().into(),
            (outcome, _) => outcome.as_str().into(),
        }
    }
}

impl Record for Completion {
    fn context(&self) -> &Arc<RequestContext> {
        &self.context
    }

    /// Tells a failure, and hands the ids back.
    fn answer(&mut self, response: &mut Response<impl Body>) {
        let status = response.status();
        let failure = response.extensions_mut().remove::<Failure>();
        self.cut = response.extensions_mut().remove::<Cut>();
        self.status = Some(status);
        self.ends_unread = self.has_no_body(response);
        // A probe that is answered 503 is news once, and the health watch's to tell.
        if status.is_server_error() && !self.observe.is_probe() {
            self.context
                .enter(|| tell_failure(status, failure.as_ref(), self.cut));
        }
        let cause = failure.as_ref().and_then(|failure| failure.cause.as_ref());
        self.exc_type = cause.map(|cause| cause.exc_type);
        self.code = failure.map(|failure| failure.code);
        self.observe.sign(&self.context, response.headers_mut());
    }

    fn frame(&mut self, frame: &mut Frame<Bytes>) {
        self.response_bytes += frame.data_ref().map_or(0, |data| data.len() as u64);
    }

    fn end(&mut self) {
        let status = self.status.unwrap_or(StatusCode::OK);
        if self.cut.is_none() && self.received.was_broken_off() {
            // The answer, whatever it said, was written to nobody.
            return self.finish(Outcome::ClientAbort, CLIENT_CLOSED_REQUEST);
        }
        let outcome = match self.cut {
            Some(Cut::Panic) => Outcome::Panic,
            Some(Cut::Timeout) => Outcome::Timeout,
            Some(Cut::Shed) => Outcome::Error,
            None if status.is_server_error() => Outcome::Error,
            None => Outcome::Ok,
        };
        self.finish(outcome, status.as_u16());
    }

    /// The stream is reset, and the status that was sent is no longer true.
    fn fail(&mut self, error: &(dyn Error + 'static)) {
        self.context
            .enter(|| tell_exception("response_body", Some(error), None, None));
        self.finish(Outcome::Error, 500);
    }

    fn panicked(&mut self) -> Option<HeaderMap> {
        metrics::counter!(metric::PANICS, "where" => "body").increment(1);
        self.finish(Outcome::Panic, 500);
        None
    }
}

/// Dropped before its end: the caller or the process went away, or something panicked where nobody catches it.
impl Drop for Completion {
    fn drop(&mut self) {
        if self.is_done {
            return;
        }
        if thread::panicking() {
            metrics::counter!(metric::PANICS, "where" => "handler").increment(1);
            self.finish(Outcome::Panic, 500);
        } else if self.ends_unread {
            self.end();
        } else if self.observe.is_aborting() {
            self.finish(Outcome::Shutdown, StatusCode::SERVICE_UNAVAILABLE.as_u16());
        } else {
            self.finish(Outcome::ClientAbort, CLIENT_CLOSED_REQUEST);
        }
    }
}

/// Tells a server error once, with everything the caller is not told.
fn tell_failure(status: StatusCode, failure: Option<&Failure>, cut: Option<Cut>) {
    // The panic hook has told of a panic; and one line for each request is enough when there are too many.
    if matches!(cut, Some(Cut::Panic | Cut::Shed)) {
        return;
    }
    let cause = failure.and_then(|failure| failure.cause.as_ref());
    let message = cause.map(|cause| cause.source.as_ref() as &(dyn Error + 'static));
    let exc_type = match (cause, cut) {
        (Some(cause), _) => cause.exc_type,
        (None, Some(Cut::Timeout)) => "timeout",
        (None, _) => "response",
    };
    tell_exception(
        exc_type,
        message,
        Some(status.as_u16()),
        failure.map(|failure| &*failure.code),
    );
}
