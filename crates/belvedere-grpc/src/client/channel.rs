use std::{
    fs,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use belvedere_core::BoxFuture;
use belvedere_http::{
    UpstreamConfig, UpstreamError, UpstreamUrl,
    client::{Breaker, Budget, End, TrustError},
};
use http::{Request, Response};
use tonic::{
    Status,
    body::Body,
    transport::{Certificate, ClientTlsConfig, Endpoint},
};
use tower_service::Service;

use super::{
    call::Call,
    idempotent::{self, Idempotent},
    series::Series,
    transport::Transport,
};
use crate::{RpcConventions, ServiceError, timeout};

/// How often a connection that is in use is asked whether it is still there.
const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// How long the answer to that may take.
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(10);

/// Another service that is called by gRPC, under a name that stands in metrics and spans in place of its address.
///
/// A generated client is put around it. What a call does beside being sent:
///
/// | | |
/// |---|---|
/// | says who calls | the trace, in every header of `OTEL_PROPAGATORS`, and `x-request-id` |
/// | has an end | its own `grpc-timeout` or else the settings' time limit, or the handler's, whichever is over first; it goes out as `grpc-timeout` |
/// | is repeated | at UNAVAILABLE, if it is [idempotent](Self::idempotent), `max_retries` times at most |
/// | is refused | while the upstream is known to be down, as [HTTP calls](belvedere_http::client) are: UNAVAILABLE |
/// | leaves | one client span and one `rpc_client_call_duration_seconds{upstream,method,status_code}` for each try |
///
/// The connection is made at the first call, and anew when it breaks, the upstream tells it to go, or it is older than
/// `max_connection_age_seconds`: replicas that have come since are called, too. What runs on the old one ends there. A stream that is to be
/// open for longer than the settings say needs a timeout of its own ([`tonic::Request::set_timeout`]).
///
/// The pause before a retry is random, between nothing and a limit that doubles; `RetryInfo` is waited for, unless the call would
/// be over by then. All retries of an upstream together are a tenth of its calls, and ten more. An answer that has begun is not
/// asked for again.
///
/// Cheap to clone: all clones share connection, circuit and retry budget.
#[derive(Debug, Clone)]
pub struct Channel {
    pub(super) upstream: Arc<Inner>,
    conventions: RpcConventions,
    idempotent: Arc<Idempotent>,
}

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) name: &'static str,
    pub(super) url: UpstreamUrl,
    pub(super) series: Series,
    pub(super) max_retries: u16,
    pub(super) breaker: Breaker,
    pub(super) budget: Budget,
    timeout: Duration,
    transport: Transport,
}

impl Channel {
    /// `name` out of a closed set: it is a label value. Of `config`, what is about bodies means nothing here.
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
        let age = config.max_connection_age_seconds;
        let age = age.map(|age| age.duration());
        Ok(Self {
            upstream: Arc::new(Inner {
                name,
                url,
                series: Series::default(),
                max_retries: config.max_retries,
                breaker: Breaker::new(name, config.circuit_open_seconds.duration()),
                budget: Budget::default(),
                timeout: config.timeout_seconds.duration(),
                transport: Transport::new(endpoint, age),
            }),
            conventions: RpcConventions::default(),
            idempotent: Arc::default(),
        })
    }

    /// Calls of these methods, `{package.Service}/{Method}`, may be sent again: doing it twice is as good as once. What they are
    /// sent is one message, not a stream.
    #[must_use]
    pub fn idempotent<'m>(mut self, methods: impl IntoIterator<Item = &'m str>) -> Self {
        let methods = methods.into_iter().map(str::to_owned);
        Arc::make_mut(&mut self.idempotent).add(methods);
        self
    }

    /// So may those of which their `.proto` says so: `option idempotency_level = NO_SIDE_EFFECTS`, or `IDEMPOTENT`.
    /// `descriptors` is the encoded file descriptor set that the generated code has beside it.
    ///
    /// # Errors
    ///
    /// It is none.
    pub fn described(mut self, descriptors: &[u8]) -> Result<Self, ServiceError> {
        Arc::make_mut(&mut self.idempotent).add(idempotent::told_by(descriptors)?);
        Ok(self)
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

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        // Who waits here has no deadline: a call waits for its connection within its own time.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let transport = self.upstream.transport.channel();
        let asked = timeout::read(request.headers()).unwrap_or(self.upstream.timeout);
        let call = Call {
            upstream: Arc::clone(&self.upstream),
            conventions: self.conventions,
            end: End::within(asked),
        };
        if self.idempotent.has(request.uri().path()) {
            Box::pin(call.repeated(transport, request))
        } else {
            Box::pin(call.once(transport, request))
        }
    }
}
