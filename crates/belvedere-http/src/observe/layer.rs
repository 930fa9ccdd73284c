use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use axum::body::Body;
use belvedere_core::{
    Shutdown, Slo, TrustedPeers, context::Scope, propagation::Propagation, trace::Tracer,
};
use bytes::Bytes;
use http::{Request, Response};
use http_body::Body as HttpBody;
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use super::{Http, Protocol, Record, ResponseBody, completion::Completion};
use crate::server::Gone;

/// What all requests of a service share.
#[derive(Debug, Clone)]
pub struct Observe(pub(super) Arc<Shared>);

#[derive(Debug, Clone)]
pub(super) struct Shared {
    pub(super) tracer: Tracer,
    pub(super) shutdown: Shutdown,
    pub(super) trusted: TrustedPeers,
    pub(super) propagation: Propagation,
    pub(super) slo: Option<Slo>,
    pub(super) is_probe: bool,
    pub(super) is_tls: bool,
}

impl Observe {
    /// Trusts the trace context of loopback and private peers.
    pub fn new(tracer: Tracer, shutdown: Shutdown) -> Self {
        Self(Arc::new(Shared {
            tracer,
            shutdown,
            trusted: TrustedPeers::default(),
            propagation: Propagation::default(),
            slo: None,
            is_probe: false,
            is_tls: false,
        }))
    }

    /// Continues the trace of these peers; those of others are linked to.
    #[must_use]
    pub fn trusted_peers(self, trusted: TrustedPeers) -> Self {
        Self(Arc::new(Shared {
            trusted,
            ..Shared::clone(&self.0)
        }))
    }

    /// Reads and writes trace context in these headers; default: those of the W3C.
    #[must_use]
    pub fn propagation(self, propagation: Propagation) -> Self {
        Self(Arc::new(Shared {
            propagation,
            ..Shared::clone(&self.0)
        }))
    }

    /// Counts each answered request by the service's objectives (`slo_requests_total`).
    #[must_use]
    pub fn slo(self, slo: Slo) -> Self {
        Self(Arc::new(Shared {
            slo: Some(slo),
            ..Shared::clone(&self.0)
        }))
    }

    /// Whether the listener speaks TLS: `url.scheme` of the server span.
    #[must_use]
    pub fn tls(self, is_tls: bool) -> Self {
        Self(Arc::new(Shared {
            is_tls,
            ..Shared::clone(&self.0)
        }))
    }

    /// For probes and scrapes: counted, with a request id, but in no trace, log or SLO.
    #[must_use]
    pub fn probes(&self) -> Self {
        Self(Arc::new(Shared {
            tracer: Tracer::off(),
            is_probe: true,
            ..Shared::clone(&self.0)
        }))
    }

    /// The layer itself.
    pub fn layer(&self) -> ObserveLayer {
        self.layer_of(Http)
    }

    /// The layer for another protocol.
    pub fn layer_of<P>(&self, protocol: P) -> ObserveLayer<P> {
        ObserveLayer {
            observe: self.clone(),
            protocol,
        }
    }
}

/// See [the module](super).
#[derive(Debug, Clone)]
pub struct ObserveLayer<P = Http> {
    observe: Observe,
    protocol: P,
}

impl<S, P: Clone> Layer<S> for ObserveLayer<P> {
    type Service = ObserveService<S, P>;

    fn layer(&self, inner: S) -> ObserveService<S, P> {
        ObserveService {
            inner,
            observe: self.observe.clone(),
            protocol: self.protocol.clone(),
        }
    }
}

/// Service of [`ObserveLayer`].
#[derive(Debug, Clone)]
pub struct ObserveService<S, P = Http> {
    inner: S,
    observe: Observe,
    protocol: P,
}

impl<S, P, B> Service<Request<Body>> for ObserveService<S, P>
where
    S: Service<Request<Body>, Response = Response<B>>,
    P: Protocol,
    B: HttpBody<Data = Bytes, Error = axum::Error>,
{
    type Response = Response<ResponseBody<P::Record, B>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, P::Record>;

    fn poll_ready(&mut self, task: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(task)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let is_gone = request.extensions().get::<Gone>().is_some();
        let record = self.protocol.begin(&self.observe, &mut request);
        let context = Arc::clone(record.context());
        if is_gone {
            return ResponseFuture {
                inner: None,
                record: Some(record),
            };
        }
        let called = context.enter(|| self.inner.call(request));
        ResponseFuture {
            inner: Some(context.scope(called)),
            record: Some(record),
        }
    }
}

pin_project! {
    /// Future of [`ObserveService`].
    #[derive(Debug)]
    pub struct ResponseFuture<F, R = Completion> {
        // `None` when there is nobody to answer.
        #[pin]
        inner: Option<Scope<F>>,
        // Dropped with the future when the caller goes away, which is a record too.
        record: Option<R>,
    }
}

impl<F, E, R, B> Future for ResponseFuture<F, R>
where
    F: Future<Output = Result<Response<B>, E>>,
    R: Record,
    B: HttpBody<Data = Bytes, Error = axum::Error>,
{
    type Output = Result<Response<ResponseBody<R, B>>, E>;

    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Some(inner) = this.inner.as_pin_mut() else {
            return Poll::Pending;
        };
        let mut response = ready!(inner.poll(task))?;
        let mut record = this
            .record
            .take()
            .expect("a future is not polled after it is ready");
        record.answer(&mut response);
        Poll::Ready(Ok(response.map(|body| ResponseBody::new(body, record))))
    }
}
