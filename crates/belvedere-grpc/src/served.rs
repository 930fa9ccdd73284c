use std::{
    convert::Infallible,
    fmt,
    future::{Ready, ready},
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    Router,
    extract::Request,
    response::{IntoResponse, Response},
};
use belvedere_core::BoxFuture;
use futures_util::future::Either;
use tonic::{Status, body::Body, server::NamedService};
use tower::ServiceExt;
use tower_layer::Layer;
use tower_service::Service;

type Answered = Result<Response, Infallible>;
type Call = Arc<dyn Fn(Request) -> BoxFuture<'static, Answered> + Send + Sync>;

/// The services of a listener, by their names. axum's router would take a path apart, keep what it finds, and copy and box a
/// service for each call.
#[derive(Clone, Default)]
pub struct Served(Arc<Vec<(&'static str, Call)>>);

impl fmt::Debug for Served {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

impl Served {
    pub(crate) fn add<S>(&mut self, service: S)
    where
        S: Service<http::Request<Body>, Error = Infallible> + NamedService,
        S: Clone + Send + Sync + 'static,
        S::Response: IntoResponse,
        S::Future: Send + 'static,
    {
        let call = move |request: Request| -> BoxFuture<'static, Answered> {
            let called = service.clone().oneshot(request.map(Body::new));
            Box::pin(async { Ok(called.await?.into_response()) })
        };
        Arc::make_mut(&mut self.0).push((S::NAME, Arc::new(call)));
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|(name, _)| *name)
    }

    /// The service that a path names.
    fn find(&self, path: &str) -> Option<&Call> {
        let (name, _) = path.strip_prefix('/')?.split_once('/')?;
        let mut all = self.0.iter();
        all.find(|(known, _)| *known == name).map(|(_, call)| call)
    }

    /// Has calls of these services pass `layer`, and not those of a service that there is none of.
    pub fn guarded<L: Layer<Self>>(self, layer: L) -> Guarded<L::Service> {
        Guarded {
            served: self.clone(),
            inner: layer.layer(self),
        }
    }

    /// At their paths.
    pub fn router(&self) -> Router {
        self.names().fold(Router::new(), |router, name| {
            router.route_service(&format!("/{name}/{{*method}}"), self.clone())
        })
    }
}

/// Calls of no service are answered as such.
impl Service<Request> for Served {
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Answered>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        match self.find(request.uri().path()) {
            Some(call) => call(request),
            None => Box::pin(ready(Ok(no_such_service()))),
        }
    }
}

/// See [`Served::guarded`].
#[derive(Debug, Clone)]
pub struct Guarded<S> {
    served: Served,
    inner: S,
}

impl<S> Service<Request> for Guarded<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Either<S::Future, Ready<Answered>>;

    fn poll_ready(&mut self, task: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(task)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        match self.served.find(request.uri().path()) {
            Some(_) => Either::Left(self.inner.call(request)),
            None => Either::Right(ready(Ok(no_such_service()))),
        }
    }
}

fn no_such_service() -> Response {
    Status::unimplemented("there is no such service").into_http()
}
