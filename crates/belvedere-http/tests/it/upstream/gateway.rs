use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU16, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
    routing::{any, get, post, put},
};
use belvedere_core::Shutdown;
use belvedere_http::{Server, server::Limits};
use futures_util::stream;

/// Another service, and what it hears.
#[derive(Debug, Clone, Default)]
pub(super) struct Gateway {
    pub(super) url: String,
    state: Arc<Heard>,
}

#[derive(Debug, Default)]
struct Heard {
    headers: Mutex<Vec<HeaderMap>>,
    /// How often `/moody` was asked.
    asked: AtomicUsize,
    /// What `/moody` answers; 0 for 503 to two of five.
    mood: AtomicU16,
}

impl Gateway {
    pub(super) async fn start() -> Self {
        let state = Arc::<Heard>::default();
        let routes = Router::new()
            .route("/charge", post(charge))
            .route("/moved", post(|| async { Redirect::temporary("/charge") }))
            .route("/refused", post(|| async { StatusCode::PAYMENT_REQUIRED }))
            .route("/hang", any(std::future::pending::<()>))
            .route("/moody", any(moody))
            .route("/later/{seconds}", any(later))
            .route("/echo", put(async |body: Bytes| body))
            .route("/slow/{millis}", get(slow))
            .route("/bytes/{count}", get(bytes))
            .route("/chunks/{count}", get(chunks))
            .with_state(Arc::clone(&state));
        let any = ([127, 0, 0, 1], 0).into();
        let server = Server::bind(any, routes, Limits::default(), Shutdown::default());
        let server = server.await.unwrap();
        let url = format!("http://{}", server.local_addr().unwrap());
        belvedere_core::spawn(server.run());
        Self { url, state }
    }

    pub(super) fn heard(&self) -> Vec<HeaderMap> {
        self.state.headers.lock().unwrap().clone()
    }

    pub(super) fn asked(&self) -> usize {
        self.state.asked.load(Relaxed)
    }

    pub(super) fn answer(&self, status: u16) {
        self.state.mood.store(status, Relaxed);
    }
}

async fn charge(State(state): State<Arc<Heard>>, headers: HeaderMap) -> StatusCode {
    state.headers.lock().unwrap().push(headers);
    StatusCode::CREATED
}

async fn moody(State(state): State<Arc<Heard>>) -> StatusCode {
    let asked = state.asked.fetch_add(1, Relaxed);
    match state.mood.load(Relaxed) {
        0 if asked % 5 < 2 => StatusCode::SERVICE_UNAVAILABLE,
        0 => StatusCode::OK,
        mood => StatusCode::from_u16(mood).unwrap(),
    }
}

/// Asks to come again; the second time all is well.
async fn later(State(state): State<Arc<Heard>>, Path(seconds): Path<String>) -> Response {
    match state.asked.fetch_add(1, Relaxed) {
        0 => (StatusCode::TOO_MANY_REQUESTS, [("retry-after", seconds)]).into_response(),
        _ => StatusCode::OK.into_response(),
    }
}

async fn slow(Path(millis): Path<u64>) {
    tokio::time::sleep(Duration::from_millis(millis)).await;
}

async fn bytes(Path(count): Path<usize>) -> Vec<u8> {
    vec![b'x'; count]
}

async fn chunks(Path(count): Path<usize>) -> Body {
    let sizes = std::iter::repeat_n(100, count / 100).chain([count % 100]);
    Body::from_stream(stream::iter(
        sizes.map(|size| Ok::<_, std::convert::Infallible>(vec![b'x'; size])),
    ))
}
