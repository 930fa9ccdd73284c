use std::{io, time::Duration};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::Request,
    middleware::{Next, from_fn},
    response::Response,
    routing::{get, post},
};
use belvedere_http::{
    Problem,
    extract::{Json, Path},
};
use futures_util::{Stream, StreamExt, future, stream};
use http::StatusCode;
use serde_json::Value;

/// Largest request body.
pub(crate) const LIMIT: usize = 4096;

/// One route for each way a request can end.
pub(crate) fn routes() -> Router {
    Router::new()
        .route("/ok", get(|| async { "hello" }))
        .route("/empty", get(|| async { StatusCode::NO_CONTENT }))
        .route("/missing", get(missing))
        .route("/broken", get(broken))
        .route("/bare", get(|| async { StatusCode::INTERNAL_SERVER_ERROR }))
        .route("/panic", get(panics))
        .route("/middleware-panic", middleware_panic())
        .route("/body-panic", get(|| async { ending(panicking()) }))
        .route("/body-error", get(|| async { ending(failing()) }))
        .route("/hang", get(std::future::pending::<()>))
        .route("/nap", get(nap))
        .route("/endless", get(|| async { ending(stream::pending()) }))
        .route(
            "/flood",
            get(|| async { ending(stream::repeat_with(chunk)) }),
        )
        .route("/upload", post(upload))
        .route(
            "/json",
            post(|Json(body): Json<Value>| async { Json(body) }),
        )
        .route(
            "/things/{id}",
            get(|Path(id): Path<u32>| async move { id.to_string() }),
        )
}

/// What stands beside the protection, not inside of it.
pub(crate) fn unprotected() -> Router {
    Router::new().route("/unprotected-panic", get(panics))
}

async fn missing() -> Problem {
    Problem::not_found("thing_not_found").caused_by(io::Error::other("no row"))
}

async fn broken() -> Problem {
    Problem::internal(io::Error::other("disk db-7 is full")).detail("not for callers")
}

async fn panics() {
    panic!("the handler panicked on purpose");
}

async fn nap() {
    tokio::time::sleep(Duration::from_millis(20)).await;
}

/// How many bytes came.
async fn upload(body: Bytes) -> String {
    body.len().to_string()
}

fn middleware_panic() -> axum::routing::MethodRouter {
    let panics = |_: Request, _: Next| async { panic!("the middleware panicked on purpose") };
    get(|| async {}).layer(from_fn::<_, (Request,)>(
        move |request: Request,
              next: Next|
              -> std::pin::Pin<Box<dyn Future<Output = Response> + Send>> {
            Box::pin(panics(request, next))
        },
    ))
}

type Chunk = Result<Bytes, io::Error>;

fn chunk() -> Chunk {
    Ok(Bytes::from_static(&[b'x'; 1024]))
}

/// `begin`, time to send it, and then whatever comes.
fn ending(end: impl Stream<Item = Chunk> + Send + 'static) -> Body {
    let begin = stream::iter([Ok(Bytes::from_static(b"begin"))]);
    let pause = stream::once(tokio::task::yield_now()).filter_map(|()| future::ready(None));
    Body::from_stream(begin.chain(pause).chain(end))
}

fn panicking() -> impl Stream<Item = Chunk> {
    stream::poll_fn(|_| -> std::task::Poll<Option<Chunk>> {
        panic!("the body panicked on purpose")
    })
}

fn failing() -> impl Stream<Item = Chunk> {
    stream::iter([Err(io::Error::other("the source dried up"))])
}
