//! A service whose routes do what routes should not: for trying what an operator sees then.
//!
//! `cargo run --example rough`, then `curl http://127.0.0.1:8000/panic` and so on.

use std::{convert::Infallible, env, fs, io, process::ExitCode, thread, time::Duration};

use axum::{
    Router,
    body::{Body, Bytes},
    response::sse::{Event, Sse},
    routing::{get, post},
};
use belvedere::{Boot, BootError, HealthCheck, Problem, Stopped, about, extract::Path};
use belvedere_core::{BoxFuture, CheckFailure};
use futures_util::{Stream, StreamExt, stream};

fn main() -> ExitCode {
    belvedere::main(about!(), compose)
}

async fn compose(boot: Boot) -> Result<Stopped, BootError> {
    let routes = Router::new()
        .route("/ok", get(async || "ok"))
        .route("/whisper", get(whisper))
        .route("/things/{id}", get(async || "a thing"))
        .route("/panic", get(panics))
        .route("/sleep/{millis}", get(sleep))
        .route("/block/{millis}", get(block))
        .route("/events", get(events))
        .route("/broken-body", get(broken_body))
        .route("/upload", post(async |body: Bytes| body.len().to_string()))
        .route("/fails", get(fails))
        .route("/steps/{count}", get(steps))
        .route("/complains", get(complains));
    let mine = Router::new().route("/mine", get(async || "yours"));
    let service = boot.service().routes(mine).open_routes(routes);
    service.health_check(Disk).run().await
}

/// The only thing that this service depends on.
#[derive(Debug)]
struct Disk;

impl HealthCheck for Disk {
    fn name(&self) -> &'static str {
        "disk"
    }

    fn check(&self) -> BoxFuture<'_, Result<(), CheckFailure>> {
        let looked = fs::metadata(env::temp_dir());
        Box::pin(async { looked.map(drop).map_err(|error| CheckFailure(error.into())) })
    }
}

async fn whisper() -> &'static str {
    tracing::debug!("whispered");
    "whispered"
}

async fn panics() -> &'static str {
    panic!("as asked");
}

async fn sleep(Path(millis): Path<u64>) -> &'static str {
    tokio::time::sleep(Duration::from_millis(millis)).await;
    "slept"
}

/// Blocks a worker of the runtime, as no handler may.
async fn block(Path(millis): Path<u64>) -> &'static str {
    thread::sleep(Duration::from_millis(millis));
    "blocked"
}

/// Tells of its failure and returns it as well, as nobody should.
async fn fails() -> Result<(), Problem> {
    tracing::info!("about_to_fail");
    tracing::error!("it_failed");
    Err(Problem::internal(NotSaved(io::Error::other(
        "connection reset",
    ))))
}

/// Leaves as many spans.
#[tracing::instrument]
async fn steps(Path(count): Path<u64>) -> &'static str {
    for number in 0..count {
        tracing::info_span!("step", number).in_scope(|| ());
    }
    "done"
}

#[derive(Debug, thiserror::Error)]
#[error("the thing was not saved")]
struct NotSaved(#[source] io::Error);

/// Answers well, and tells that something else is wrong.
async fn complains() -> &'static str {
    tracing::error!(part = 7, api_key = "hunter2", "something_is_wrong");
    "well"
}

/// Never ends.
async fn events() -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let first = stream::once(async { Ok(Event::default().data("first")) });
    Sse::new(first.chain(stream::pending()))
}

/// Panics after its first chunk.
async fn broken_body() -> Body {
    let chunks = stream::iter(0..2).map(|at| {
        assert_eq!(at, 0, "as asked");
        Ok::<_, Infallible>(Bytes::from_static(b"chunk"))
    });
    Body::from_stream(chunks)
}
