use std::{error::Error as _, sync::Arc, time::Duration};

use belvedere_http::client::{End, Permit, Verdict, pause};
use http::{Request, Response, StatusCode};
use http_body::Body as _;
use http_body_util::{BodyExt, Full};
use tokio::time::{sleep, sleep_until, timeout_at};
use tonic::{Code, Status, TimeoutExpired, body::Body, transport};
use tonic_types::StatusExt;
use tower::ServiceExt;

use super::{body::SentBody, channel::Inner, sent::Sent};
use crate::{RpcConventions, code, timeout};

/// An upstream that was granted less than this has not failed.
const FAIR: Duration = Duration::from_millis(100);

type Answered = Result<Response<Body>, Status>;

/// A call that is to be sent, once or as often as it may be.
pub(super) struct Call {
    pub(super) upstream: Arc<Inner>,
    pub(super) conventions: RpcConventions,
    pub(super) end: End,
}

impl Call {
    pub(super) async fn once(
        self,
        transport: transport::Channel,
        request: Request<Body>,
    ) -> Answered {
        let permit = self.admit(request.uri().path())?;
        self.attempt(transport, request, permit).await
    }

    /// Keeps what is sent, to send it again where that may help.
    pub(super) async fn repeated(
        self,
        transport: transport::Channel,
        request: Request<Body>,
    ) -> Answered {
        let (head, body) = request.into_parts();
        let message = body.collect().await?.to_bytes();
        let mut permit = self.admit(head.uri.path())?;
        let mut retry = 0;
        loop {
            let transport = transport.clone();
            let message = Body::new(Full::new(message.clone()));
            let request = Request::from_parts(head.clone(), message);
            let answered = self.attempt(transport, request, permit).await;
            retry += 1;
            let Some(pause) = asked_pause(&answered) else {
                return answered;
            };
            let Some(again) = self.again(pause, retry).await else {
                return answered;
            };
            permit = again;
        }
    }

    /// Leave for the first try; a refusal is told as a call is.
    fn admit(&self, path: &str) -> Result<Permit<'_>, Status> {
        self.upstream.budget.earn();
        self.upstream.breaker.admit().map_err(|_| {
            let name = self.upstream.name;
            Sent::begin(&self.upstream, self.conventions, path).end(Code::Unavailable);
            Status::unavailable(format!(
                "upstream {name} is not called: its circuit is open"
            ))
        })
    }

    /// Its time runs while it waits for a connection, too.
    async fn attempt(
        &self,
        transport: transport::Channel,
        mut request: Request<Body>,
        permit: Permit<'_>,
    ) -> Answered {
        let name = self.upstream.name;
        let mut sent = Sent::begin(&self.upstream, self.conventions, request.uri().path());
        sent.sign(request.headers_mut());
        let left = timeout::written(self.end.left());
        request.headers_mut().insert(timeout::GRPC_TIMEOUT, left);
        let end = self.end.at.into();
        let answered = match timeout_at(end, transport.oneshot(request)).await {
            Ok(Err(error)) if !is_late(&error) => Err(unreachable(name, error)),
            Ok(Ok(answer)) => spoken(name, answer),
            Ok(Err(_)) | Err(_) => Err(Status::deadline_exceeded(format!(
                "upstream {name} did not answer in time"
            ))),
        };
        let said = said(&answered);
        permit.tell(verdict(said, sent.waited()));
        // A head that has a status is all there is.
        if let Some(code) = said {
            sent.end(code);
        }
        Ok(answered?.map(|inner| {
            let end = sleep_until(end);
            Body::new(SentBody { inner, sent, end })
        }))
    }

    /// Leave for another try, when its time has come, if there is to be one.
    async fn again(&self, asked: Duration, retry: u16) -> Option<Permit<'_>> {
        let upstream = &self.upstream;
        let pause = pause(retry).max(asked);
        let in_time = retry <= upstream.max_retries && pause < self.end.left();
        if !in_time || !upstream.budget.spend() {
            return None;
        }
        sleep(pause).await;
        let permit = upstream.breaker.admit().ok()?;
        upstream.series.retried(upstream.name);
        Some(permit)
    }
}

/// What has no status, and none to come, is no answer: of something in between, which speaks HTTP.
fn spoken(name: &str, answer: Response<Body>) -> Answered {
    let http = answer.status();
    let is_all = http != StatusCode::OK || answer.body().is_end_stream();
    if !is_all || answer.headers().contains_key(Status::GRPC_STATUS) {
        return Ok(answer);
    }
    let number = http.as_u16();
    let told = format!("upstream {name} answered HTTP {number} without a gRPC status");
    Err(Status::new(code::without_status(http), told))
}

/// The status, where all has been said.
fn said(answered: &Answered) -> Option<Code> {
    match answered {
        Ok(answer) => {
            let said = answer.headers().get(Status::GRPC_STATUS)?;
            Some(Code::from_bytes(said.as_bytes()))
        }
        Err(status) => Some(status.code()),
    }
}

/// When the upstream wants to be asked again (`RetryInfo`), or `None` where another try would not help.
fn asked_pause(answered: &Answered) -> Option<Duration> {
    if said(answered) != Some(Code::Unavailable) {
        return None;
    }
    let status = answered.as_ref().ok();
    let status = status.and_then(|answer| Status::from_header_map(answer.headers()));
    let info = status.and_then(|status| status.get_details_retry_info());
    Some(info.and_then(|info| info.retry_delay).unwrap_or_default())
}

fn verdict(said: Option<Code>, waited: Duration) -> Verdict {
    match said {
        Some(Code::DeadlineExceeded) if waited < FAIR => Verdict::Unknown,
        Some(code) if code::is_failure(code) && code != Code::Unimplemented => Verdict::Fails,
        _ => Verdict::Works,
    }
}

/// tonic keeps `grpc-timeout` too, and may be first.
fn is_late(error: &transport::Error) -> bool {
    let mut below = error.source();
    while let Some(error) = below {
        if error.is::<TimeoutExpired>() {
            return true;
        }
        below = error.source();
    }
    false
}

/// A status with the reason behind it, which may name addresses and is not told.
fn unreachable(name: &str, error: transport::Error) -> Status {
    let mut status = Status::unavailable(format!("upstream {name} cannot be reached"));
    status.set_source(Arc::new(error));
    status
}
