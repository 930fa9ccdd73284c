use std::{
    any::Any,
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{Router, extract::Request, response::IntoResponse};
use belvedere_core::names::NESTED_REST;
use http::Uri;
use tower_service::Service;

/// Mounts `service` at `prefix` and everything below it, as `Router::nest_service` does: the service sees the rest of the
/// path, `OriginalUri` the whole.
///
/// axum hides the matched route of what it nests, so that all of it would be told as `unmatched`. Here what is below `/files`
/// is told as `/files/*`, in the log, the metrics and the server span.
///
/// ```
/// use axum::{Router, body::Body, extract::Request, response::Response};
/// use tower::service_fn;
///
/// let files = service_fn(async |request: Request| {
///     let path = request.uri().path().to_owned();
///     Ok(Response::new(Body::from(path)))
/// });
/// let routes: Router = belvedere_http::nest_service(Router::new(), "/files", files);
/// ```
///
/// # Panics
///
/// `prefix` is not one or more literal segments, such as `/files` or `/assets/v1`; a route is there already; or `service` is a
/// `Router`, which belongs into `Router::nest`, where each of its templates is seen.
#[track_caller]
pub fn nest_service<S, T>(router: Router<S>, prefix: &str, service: T) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    T: Service<Request, Error = Infallible> + Clone + Send + Sync + 'static,
    T::Response: IntoResponse,
    T::Future: Send + 'static,
{
    assert!(
        is_literal(prefix),
        "cannot nest a service at {prefix:?}: a prefix begins with a slash, has no slash at its end, and neither empty \
         segments nor captures, such as \"/files\""
    );
    assert!(
        !(&service as &dyn Any).is::<Router>(),
        "cannot nest a Router at {prefix:?} as a service: use Router::nest, which keeps its templates"
    );
    let service = Below {
        inner: service,
        prefix: prefix.into(),
    };
    router
        .route_service(prefix, service.clone())
        .route_service(&format!("{prefix}/"), service.clone())
        .route_service(&format!("{prefix}/{NESTED_REST}"), service)
}

fn is_literal(prefix: &str) -> bool {
    let is_segment = |segment: &str| !segment.is_empty() && !segment.contains(['{', '}', '?', '#']);
    prefix
        .strip_prefix('/')
        .is_some_and(|segments| segments.split('/').all(is_segment))
}

/// Takes the prefix off before the service sees the request.
#[derive(Debug, Clone)]
struct Below<T> {
    inner: T,
    prefix: Arc<str>,
}

impl<T: Service<Request>> Service<Request> for Below<T> {
    type Response = T::Response;
    type Error = T::Error;
    type Future = T::Future;

    fn poll_ready(&mut self, task: &mut Context<'_>) -> Poll<Result<(), T::Error>> {
        self.inner.poll_ready(task)
    }

    fn call(&mut self, mut request: Request) -> T::Future {
        if let Some(below) = below(request.uri(), &self.prefix) {
            *request.uri_mut() = below;
        }
        self.inner.call(request)
    }
}

/// `/files/a?b` below `/files` is `/a?b`.
fn below(uri: &Uri, prefix: &str) -> Option<Uri> {
    let rest = uri.path_and_query()?.as_str().strip_prefix(prefix)?;
    let below = if rest.starts_with('/') {
        rest.parse()
    } else {
        format!("/{rest}").parse()
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(below.ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_below_a_prefix_keeps_its_query_and_its_authority() {
        for (whole, wanted) in [
            ("/files", "/"),
            ("/files/", "/"),
            ("/files?page=2", "/?page=2"),
            ("/files/a/b?c=/files", "/a/b?c=/files"),
            ("/files//a", "//a"),
            ("http://shop/files/a", "http://shop/a"),
        ] {
            let below = below(&whole.parse().unwrap(), "/files").unwrap();
            assert_eq!(below, wanted.parse::<Uri>().unwrap(), "{whole}");
        }
    }

    #[test]
    fn a_prefix_is_literal_segments() {
        for good in ["/files", "/assets/v1", "/a.b-c"] {
            assert!(is_literal(good), "{good}");
        }
        for bad in [
            "", "/", "files", "/files/", "//files", "/{id}", "/{*rest}", "/a?b", "/a#b",
        ] {
            assert!(!is_literal(bad), "{bad}");
        }
    }
}
