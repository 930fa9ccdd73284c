//! Routes that say when a request has come half-way.

use std::{io, sync::Arc};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{FromRequest, Path, Request, State, rejection::BytesRejection},
    routing::{get, post},
};
use futures_util::{Stream, StreamExt, future, stream};
use tokio::sync::Semaphore;

use crate::harness::in_time;

/// The routes whose requests wait half-way, each for one worker at a time.
pub(super) struct Half;

impl Half {
    pub(super) const UPLOAD: &str = "/upload/{worker}";
    pub(super) const HANDLER: &str = "/handler/{worker}";
    pub(super) const PAUSE: &str = "/pause/{worker}";
    pub(super) const FLOOD: &str = "/flood/{worker}";
}

/// A signal for each worker: its request is half-way.
#[derive(Clone)]
pub(super) struct Arrivals(Arc<[Semaphore]>);

impl Arrivals {
    pub(super) fn of(workers: usize) -> Self {
        Self((0..workers).map(|_| Semaphore::new(0)).collect())
    }

    fn tell(&self, worker: usize) {
        self.0[worker].add_permits(1);
    }

    pub(super) async fn wait(&self, worker: usize) {
        let arrived = in_time("a request that is half-way", self.0[worker].acquire());
        arrived.await.unwrap().forget();
    }

    pub(super) fn routes(self) -> Router {
        Router::new()
            .route(Half::UPLOAD, post(upload))
            .route(Half::HANDLER, get(handler))
            .route(Half::PAUSE, get(pause))
            .route(Half::FLOOD, get(flood))
            .with_state(self)
    }
}

async fn upload(
    State(arrivals): State<Arrivals>,
    Path(worker): Path<usize>,
    request: Request,
) -> Result<String, BytesRejection> {
    arrivals.tell(worker);
    let body = Bytes::from_request(request, &()).await?;
    Ok(body.len().to_string())
}

async fn handler(State(arrivals): State<Arrivals>, Path(worker): Path<usize>) {
    arrivals.tell(worker);
    future::pending::<()>().await;
}

async fn pause(State(arrivals): State<Arrivals>, Path(worker): Path<usize>) -> Body {
    streaming(arrivals, worker, stream::pending())
}

async fn flood(State(arrivals): State<Arrivals>, Path(worker): Path<usize>) -> Body {
    let chunk = || Bytes::from_static(&[b'x'; 64 * 1024]);
    streaming(arrivals, worker, stream::repeat_with(chunk))
}

/// `begin`, the signal when more is asked for, and then whatever comes.
fn streaming(
    arrivals: Arrivals,
    worker: usize,
    end: impl Stream<Item = Bytes> + Send + 'static,
) -> Body {
    let begin = stream::iter([Bytes::from_static(b"begin")]);
    let tell = stream::once(async move { arrivals.tell(worker) });
    let told = tell.filter_map(|()| future::ready(None));
    Body::from_stream(begin.chain(told).chain(end).map(Ok::<_, io::Error>))
}
