use std::{
    error::Error,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use axum::body::Body;
use belvedere_core::{
    Cause, RequestContext, millis,
    names::{event, metric},
};
use belvedere_http::{
    Peer,
    observe::{Ended, Observe, Outcome, Record, tell_exception},
    protect::Cut,
};
use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body::Frame;
use tonic::{Code, Status};

use super::span::{self, Ending, RpcConventions};
use crate::{code, series::Series, status};

/// The record of a call, from its head to its trailers.
#[derive(Debug)]
pub struct Call {
    observe: Observe,
    context: Arc<RequestContext>,
    series: Arc<Series>,
    conventions: RpcConventions,
    peer: Option<Peer>,
    clock: Instant,
    response_bytes: u64,
    /// What the trailers said.
    code: Option<Code>,
    cut: Option<Cut>,
    failed: Failed,
    is_done: bool,
}

/// What is known of a failure.
#[derive(Debug, Default)]
struct Failed {
    /// The code that a caller may match on.
    reason: Option<Box<str>>,
    exc_type: Option<&'static str>,
}

/// A status that names no error behind it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Said(String);

impl Call {
    pub(super) fn begin(
        observe: &Observe,
        series: &Arc<Series>,
        conventions: RpcConventions,
        request: &Request<Body>,
    ) -> Self {
        series.began();
        Self {
            context: observe.context(request, &series.log_route),
            observe: observe.clone(),
            series: Arc::clone(series),
            conventions,
            peer: request.extensions().get().copied(),
            clock: Instant::now(),
            response_bytes: 0,
            code: None,
            cut: None,
            failed: Failed::default(),
            is_done: false,
        }
    }

    /// A status has come, in the head or in the trailers: nothing comes after it.
    fn hear(&mut self, headers: &mut HeaderMap) {
        let Some(said) = headers.get(Status::GRPC_STATUS) else {
            return;
        };
        let code = Code::from_bytes(said.as_bytes());
        self.code = Some(code);
        if code != Code::Ok {
            self.hear_failure(code, headers);
        }
    }

    fn hear_failure(&mut self, code: Code, headers: &mut HeaderMap) {
        let context = Arc::clone(&self.context);
        let said = context.enter(|| status::complete(headers, code));
        self.failed.reason = status::reason(headers).map(Into::into);
        let cause = context.take_cause();
        if !self.is_failure(code) || self.observe.is_probe() || self.cut == Some(Cut::Panic) {
            return;
        }
        let said = said.filter(|said| !said.is_empty()).map(Said);
        let cause = cause.or_else(|| said.map(Cause::new));
        self.failed.exc_type = Some(exc_type(code, cause.as_ref()));
        context.enter(|| self.tell_failure(code, cause.as_ref()));
    }

    fn tell_failure(&self, code: Code, cause: Option<&Cause>) {
        tell_exception(
            exc_type(code, cause),
            cause.map(|cause| cause.source.as_ref() as &(dyn Error + 'static)),
            Some(code::in_http(code)),
            self.failed.reason.as_deref(),
        );
    }

    /// A method that does not exist is its caller's mistake.
    fn is_failure(&self, code: Code) -> bool {
        code::is_failure(code) && !(code == Code::Unimplemented && self.series.is_unmatched())
    }

    fn outcome(&self, code: Code) -> Outcome {
        match (self.cut, code) {
            (Some(Cut::Panic), _) => Outcome::Panic,
            (_, Code::Cancelled) => Outcome::ClientAbort,
            (_, Code::DeadlineExceeded) => Outcome::Timeout,
            _ if self.is_failure(code) => Outcome::Error,
            _ => Outcome::Ok,
        }
    }

    fn finish(&mut self, outcome: Outcome, code: Code) {
        if std::mem::replace(&mut self.is_done, true) {
            return;
        }
        let duration = self.clock.elapsed();
        self.series.ended(code, duration);
        let ended = Ended {
            outcome,
            is_failure: self.is_failure(code),
            duration,
        };
        self.observe.conclude(
            &self.context,
            ended,
            || self.tell(outcome, code, duration),
            || self.trace(ended, code),
        );
    }

    fn tell(&self, outcome: Outcome, code: Code, duration: Duration) {
        tracing::info!(
            message = event::REQUEST_COMPLETED,
            status_code = code::in_http(code),
            grpc_status = code::name(code),
            duration_ms = millis(duration),
            response_bytes = self.response_bytes,
            outcome = outcome.as_str(),
            error = self.failed.reason.as_deref()
        );
    }

    fn trace(&self, ended: Ended, code: Code) {
        let ending = Ending {
            code,
            ended,
            exc_type: self.failed.exc_type,
            ago: self.clock.elapsed().saturating_sub(ended.duration),
        };
        span::record(
            &self.context,
            &self.series,
            self.peer,
            self.conventions,
            &ending,
        );
        if self.context.wants_spans() {
            let trace = self.context.trace_id();
            self.series.exemplify(code, ended.duration, trace);
        }
    }
}

fn exc_type(code: Code, cause: Option<&Cause>) -> &'static str {
    match (cause, code) {
        (Some(cause), _) if cause.exc_type != std::any::type_name::<Said>() => cause.exc_type,
        (_, Code::DeadlineExceeded) => "timeout",
        _ => "status",
    }
}

impl Record for Call {
    fn context(&self) -> &Arc<RequestContext> {
        &self.context
    }

    fn answer(&mut self, response: &mut Response<impl http_body::Body>) {
        self.cut = response.extensions_mut().remove();
        self.hear(response.headers_mut());
        if response.body().is_end_stream() {
            // Nobody asks it for its end.
            self.code.get_or_insert(Code::Unknown);
        }
        self.observe.sign(&self.context, response.headers_mut());
    }

    fn frame(&mut self, frame: &mut Frame<Bytes>) {
        match frame.trailers_mut() {
            Some(trailers) => {
                self.hear(trailers);
                self.end();
            }
            None => self.response_bytes += frame.data_ref().map_or(0, |data| data.len() as u64),
        }
    }

    fn end(&mut self) {
        let code = self.code.unwrap_or(Code::Unknown);
        self.finish(self.outcome(code), code);
    }

    fn fail(&mut self, error: &(dyn Error + 'static)) {
        self.context.enter(|| {
            let status = Some(code::in_http(Code::Internal));
            tell_exception("response_body", Some(error), status, None);
        });
        self.finish(Outcome::Error, Code::Internal);
    }

    fn panicked(&mut self) -> Option<HeaderMap> {
        metrics::counter!(metric::PANICS, "where" => "body").increment(1);
        self.cut = Some(Cut::Panic);
        let mut trailers = HeaderMap::new();
        trailers.insert(Status::GRPC_STATUS, (Code::Internal as i32).into());
        self.hear(&mut trailers);
        self.end();
        Some(trailers)
    }
}

/// Dropped before its trailers: the caller or the process went away. After a head that was all, this is its end.
impl Drop for Call {
    fn drop(&mut self) {
        if self.is_done {
            return;
        }
        if thread::panicking() {
            metrics::counter!(metric::PANICS, "where" => "handler").increment(1);
            self.finish(Outcome::Panic, Code::Internal);
        } else if self.code.is_some() {
            self.end();
        } else if self.observe.is_aborting() {
            self.finish(Outcome::Shutdown, Code::Unavailable);
        } else {
            self.finish(Outcome::ClientAbort, Code::Cancelled);
        }
    }
}
