use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker, ready},
};

use axum::{body::Body, routing::future::RouteFuture};
use http::{HeaderValue, Request, Response, Version, header::CONNECTION};
use pin_project_lite::pin_project;
use tower_service::Service;

use super::{
    connection::Connector,
    served::{Busy, ServedBody},
};

/// In the extensions of a request whose caller went away before anybody looked at it: it is told, and not handled.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gone;

pin_project! {
    /// The way of one request through the router.
    ///
    /// hyper drops it unpolled when the end of the connection comes together with the head. The head was parsed, so the
    /// request is one that has to leave its record: it is shown to the router all the same, as [`Gone`].
    pub(super) struct Answer {
        connector: Arc<Connector>,
        version: Version,
        busy: Option<Busy>,
        // Until the first poll.
        request: Option<Request<Body>>,
        #[pin]
        routed: Option<RouteFuture<Infallible>>,
    }

    impl PinnedDrop for Answer {
        fn drop(this: Pin<&mut Self>) {
            this.show_as_gone();
        }
    }
}

impl Answer {
    pub(super) fn new(connector: Arc<Connector>, busy: Busy, request: Request<Body>) -> Self {
        Self {
            connector,
            version: request.version(),
            busy: Some(busy),
            request: Some(request),
            routed: None,
        }
    }

    fn show_as_gone(self: Pin<&mut Self>) {
        let mut this = self.project();
        if let Some(mut request) = this.request.take() {
            request.extensions_mut().insert(Gone);
            this.routed.set(Some(this.connector.route(request)));
            if let Some(routed) = this.routed.as_pin_mut() {
                // Whatever it answers, there is nobody to answer.
                let _ = routed.poll(&mut Context::from_waker(Waker::noop()));
            }
        }
    }
}

impl Future for Answer {
    type Output = Result<Response<ServedBody>, Infallible>;

    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let Some(request) = this.request.take() {
            this.routed.set(Some(this.connector.route(request)));
        }
        let routed = this.routed.as_pin_mut().expect("set by the first poll");
        let mut response = ready!(routed.poll(task))?;
        if this.connector.is_draining() && *this.version < Version::HTTP_2 {
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(CONNECTION, close);
        }
        let busy = this.busy.take();
        Poll::Ready(Ok(response.map(|body| ServedBody::new(body, busy))))
    }
}

impl Connector {
    fn route(&self, request: Request<Body>) -> RouteFuture<Infallible> {
        self.router.clone().call(request)
    }
}
