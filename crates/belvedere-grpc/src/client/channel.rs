use std::{
    error::Error as _,
    fs, mem,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use belvedere_core::BoxFuture;
use belvedere_http::{
    UpstreamConfig, UpstreamError, UpstreamUrl,
    client::{Breaker, End, TrustError, Verdict},
};
use http::{Request, Response};
use tokio::time::{sleep_until, timeout_at};
use tonic::{
    Code, Status, TimeoutExpired,
    body::Body,
    transport::{self, Certificate, ClientTlsConfig, Endpoint},
};
use tower_service::Service;

use super::{body::SentBody, sent::Sent, series::Series};
use crate::{RpcConventions, code, timeout};

/// How often a connection that is in use is asked whether it is still there.
const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// How long the answer to that may take.
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(10);
/// An upstream that was granted less than this has not failed.
const FAIR: Duration = Duration::from_millis(100);

/// Another service that is called by gRPC, under a name that stands in metrics and spans in place of its address.
///
/// A generated client is put around it. What a call does beside being sent:
///
/// | | |
/// |---|---|
/// | says who calls | the trace, in every header of `OTEL_PROPAGATORS`, and `x-request-id` |
/// | has an end | its own `grpc-timeout` or else the settings' time limit, or the handler's, whichever is over first; it goes out as `grpc-timeout` |
/// | is refused | while the upstream is known to be down, as [HTTP calls](belvedere_http::client) are: UNAVAILABLE |
/// | leaves | one client span and one `rpc_client_call_duration_seconds{upstream,method,status_code}` |
///
/// The connection is made at the first call, and anew when it breaks or the upstream tells it to go. A stream that is to be
/// open for longer than the settings say needs a timeout of its own ([`tonic::Request::set_timeout`]). Nothing is sent twice.
///
/// Cheap to clone: all clones share the connection and the circuit.
#[derive(Debug, Clone)]
pub struct Channel {
    upstream: Arc<Inner>,
    conventions: RpcConventions,
    transport: transport::Channel,
}

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) name: &'static str,
    pub(super) url: UpstreamUrl,
    pub(super) series: Series,
    timeout: Duration,
    breaker: Breaker,
}

impl Channel {
    /// `name` out of a closed set: it is a label value. Of `config`, what is about retries and bodies means nothing here.
    ///
    /// # Errors
    ///
    /// There is no URL, or the certificates to trust cannot be read.
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    pub fn new(name: &'static str, config: &UpstreamConfig) -> Result<Self, UpstreamError> {
        let url = config.url.clone().ok_or(UpstreamError::NoUrl { name })?;
        let endpoint = endpoint(&url, config);
        let endpoint = endpoint.map_err(|source| UpstreamError::Trust { name, source })?;
        Ok(Self {
            upstream: Arc::new(Inner {
                name,
                url,
                series: Series::default(),
                timeout: config.timeout_seconds.duration(),
                breaker: Breaker::new(name, config.circuit_open_seconds.duration()),
            }),
            conventions: RpcConventions::default(),
            transport: endpoint.connect_lazy(),
        })
    }

    /// Names attributes of its spans so.
    #[must_use]
    pub fn conventions(mut self, conventions: RpcConventions) -> Self {
        self.conventions = conventions;
        self
    }
}

fn endpoint(url: &UpstreamUrl, config: &UpstreamConfig) -> Result<Endpoint, TrustError> {
    let scheme = if url.is_tls() { "https" } else { "http" };
    let origin = format!("{scheme}://{}:{}", url.host(), url.port());
    let endpoint = Endpoint::from_shared(origin).expect("it was a URL before");
    let endpoint = endpoint
        .connect_timeout(config.connect_timeout_seconds.duration())
        .http2_keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(KEEP_ALIVE_TIMEOUT);
    if !url.is_tls() {
        return Ok(endpoint);
    }
    let mut tls = ClientTlsConfig::new().with_webpki_roots();
    if let Some(file) = &config.ca_file {
        tls = tls.ca_certificate(Certificate::from_pem(fs::read(file)?));
    }
    endpoint.tls_config(tls).map_err(|_| TrustError::None)
}

impl Service<Request<Body>> for Channel {
    type Response = Response<Body>;
    type Error = Status;
    type Future = BoxFuture<'static, Result<Response<Body>, Status>>;

    fn poll_ready(&mut self, task: &mut Context<'_>) -> Poll<Result<(), Status>> {
        // It is lazy: that there is no connection is told by the call.
        let ready = self.transport.poll_ready(task);
        ready.map_err(|error| unreachable(self.upstream.name, error))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let clone = self.transport.clone();
        let transport = mem::replace(&mut self.transport, clone);
        let sent = Sent::begin(&self.upstream, self.conventions, request.uri().path());
        let upstream = Arc::clone(&self.upstream);
        let asked = timeout::read(request.headers()).unwrap_or(upstream.timeout);
        let end = End::within(asked);
        Box::pin(async move { upstream.send(transport, request, sent, end).await })
    }
}

impl Inner {
    async fn send(
        &self,
        mut transport: transport::Channel,
        mut request: Request<Body>,
        mut sent: Sent,
        end: End,
    ) -> Result<Response<Body>, Status> {
        let permit = self.breaker.admit().map_err(|_| {
            sent.end(Code::Unavailable);
            Status::unavailable(format!(
                "upstream {} is not called: its circuit is open",
                self.name
            ))
        })?;
        sent.sign(request.headers_mut());
        let left = timeout::written(end.left());
        request.headers_mut().insert(timeout::GRPC_TIMEOUT, left);
        let answered = timeout_at(end.at.into(), transport.call(request)).await;
        let answered = match answered {
            Ok(Err(error)) if !is_late(&error) => Err(unreachable(self.name, error)),
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(_)) | Err(_) => Err(Status::deadline_exceeded(format!(
                "upstream {} did not answer in time",
                self.name
            ))),
        };
        let said = answered
            .as_ref()
            .map_or_else(|error| Some(error.code()), said);
        permit.tell(verdict(said, sent.waited()));
        // A head that has a status is all there is.
        if let Some(code) = said {
            sent.end(code);
        }
        Ok(answered?.map(|inner| {
            let end = sleep_until(end.at.into());
            Body::new(SentBody { inner, sent, end })
        }))
    }
}

/// The status, where the head has it.
fn said(response: &Response<Body>) -> Option<Code> {
    let said = response.headers().get(Status::GRPC_STATUS)?;
    Some(Code::from_bytes(said.as_bytes()))
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
