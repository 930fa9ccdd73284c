use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::Body,
    extract::{DefaultBodyLimit, Request},
    response::IntoResponse,
};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http_body::Body as _;
use tower_layer::Layer;
use tower_service::Service;

use super::{ResponseFuture, compress::Wish, future::Uncalled};
use crate::{
    HttpConfig,
    limits::{
        Allowance, Crowd, Cut, Encoding, LimitedBody, Place, Refusal, check_head, decoded, largest,
    },
};

/// Holds requests to their [`limits`](crate::limits), catches panics (500), ends handlers that take too long (503), and
/// compresses answers. All routes that one of its clones is laid around share their places.
#[derive(Debug, Clone)]
pub struct ProtectLayer(Arc<Rules>);

#[derive(Debug)]
pub(super) struct Rules {
    /// From the first poll of the handler to its response's head, without the time in which it waits for its caller.
    pub(super) timeout: Duration,
    body_bytes: u64,
    body_time: Duration,
    crowd: Crowd,
    compression: bool,
}

impl ProtectLayer {
    /// As `HTTP__*` says.
    pub fn new(config: &HttpConfig) -> Self {
        Self(Arc::new(Rules {
            timeout: config.timeout_seconds.duration(),
            body_bytes: config.body_limit_bytes as u64,
            body_time: config.body_timeout_seconds.duration(),
            crowd: Crowd::new(config.max_concurrent_requests),
            compression: config.compression,
        }))
    }
}

impl<S> Layer<S> for ProtectLayer {
    type Service = Protect<S>;

    fn layer(&self, inner: S) -> Protect<S> {
        Protect {
            inner,
            rules: Arc::clone(&self.0),
        }
    }
}

/// See [`ProtectLayer`].
#[derive(Debug, Clone)]
pub struct Protect<S> {
    inner: S,
    rules: Arc<Rules>,
}

impl<S> Service<Request> for Protect<S>
where
    S: Service<Request, Response: IntoResponse>,
{
    type Response = axum::response::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, task: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(task)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let rules = &self.rules;
        let Admitted { place, allowance } = match rules.admit(&mut request) {
            Ok(admitted) => admitted,
            Err(refusal) => return ResponseFuture::uncalled(Uncalled::Refused(refusal)),
        };
        let wish = Wish::of(request.headers(), rules.compression);
        // A panic in `call` itself is as good as one in its future.
        match catch_unwind(AssertUnwindSafe(|| self.inner.call(request))) {
            Ok(inner) => ResponseFuture::new(inner, rules.timeout, place, allowance, wish),
            Err(_) => ResponseFuture::uncalled(Uncalled::Panicked),
        }
    }
}

/// What a request has that may be handled.
struct Admitted {
    place: Place,
    /// `None` for a request without a body.
    allowance: Option<Arc<Allowance>>,
}

impl Rules {
    fn admit(&self, request: &mut Request) -> Result<Admitted, Refusal> {
        check_head(request)?;
        let allowance = if request.body().is_end_stream() {
            None
        } else {
            Some(self.limit_body(request)?)
        };
        let place = self.crowd.enter().ok_or(Refusal::Overloaded)?;
        Ok(Admitted { place, allowance })
    }

    fn limit_body(&self, request: &mut Request) -> Result<Arc<Allowance>, Refusal> {
        let declared = request.body().size_hint().exact();
        if declared.unwrap_or(0) > largest(self.body_bytes) {
            return Err(Refusal::Body(Cut::TooLarge));
        }
        let encoding = Encoding::of(request.headers()).ok_or(Refusal::UnknownEncoding)?;
        let allowance = Arc::new(Allowance::new(declared, self.body_bytes, self.body_time));
        let whole = std::mem::take(request.body_mut());
        *request.body_mut() = limited(whole, encoding, &allowance);
        if encoding != Encoding::Identity {
            request.headers_mut().remove(CONTENT_ENCODING);
            request.headers_mut().remove(CONTENT_LENGTH);
        }
        request.extensions_mut().insert(Arc::clone(&allowance));
        // axum's own limit would hold its extractors to 2 MB, whatever a route says.
        DefaultBodyLimit::disable().apply(request);
        Ok(allowance)
    }
}

/// What is read from the caller is limited, and again what a decoder makes of it.
fn limited(body: Body, encoding: Encoding, allowance: &Arc<Allowance>) -> Body {
    let body = Body::new(LimitedBody::new(body, Arc::clone(allowance)));
    if encoding == Encoding::Identity {
        return body;
    }
    let body = decoded(body, encoding);
    Body::new(LimitedBody::of_decoded(body, Arc::clone(allowance)))
}
