//! Controls: what the tests here look for is really missing from a plain axum application, and they see it.

use std::{
    future,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    extract::{Request, State},
    middleware::{Next, from_fn, from_fn_with_state},
    response::Response,
    routing::get,
};
use tokio::{
    net::TcpListener,
    sync::{Semaphore, oneshot},
    task::JoinHandle,
};

use crate::harness::{Metrics, Wire, in_time, until};

/// Far more than an idle server needs to end.
const LONG: Duration = Duration::from_secs(1);

/// `axum::serve` as its documentation has it.
struct Plain {
    addr: SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<Option<()>>,
}

impl Plain {
    async fn start(routes: Router) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let stopped = async { stopped.await.unwrap() };
        let serve = axum::serve(listener, routes).with_graceful_shutdown(stopped);
        let served = belvedere_core::spawn(async { serve.await.unwrap() });
        Self { addr, stop, served }
    }

    async fn say(&self, method: &str, path: &str) -> Wire {
        let mut wire = Wire::open(self.addr).await;
        let head = format!("{method} {path} HTTP/1.1\r\nhost: test\r\n\r\n");
        wire.say(head).await;
        wire
    }
}

/// See `half_a_head_does_not_keep_a_server_from_ending`.
#[tokio::test]
async fn half_a_head_keeps_a_plain_server_from_ending() {
    let mut plain = Plain::start(Router::new()).await;
    let mut wire = Wire::open(plain.addr).await;
    wire.say("GET / HTT").await;
    plain.say("GET", "/").await.answer().await;
    plain.stop.send(()).unwrap();
    let ended = tokio::time::timeout(LONG, &mut plain.served).await;
    assert!(ended.is_err(), "it ended in spite of half a head");
    drop(wire);
    in_time("the end of the server", plain.served)
        .await
        .unwrap();
}

async fn count(State(count): State<Arc<AtomicUsize>>, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    count.fetch_add(1, Ordering::Relaxed);
    response
}

async fn hold(State(running): State<Arc<Semaphore>>) {
    let _held = running.acquire().await.unwrap();
    future::pending::<()>().await;
}

async fn panics() {
    panic!("the handler panicked on purpose");
}

/// See `log_metrics_and_spans_agree_about_a_thousand_mixed_requests`.
#[tokio::test]
async fn a_plain_middleware_counts_no_panic_and_no_abort() {
    let (counted, running) = (Arc::new(AtomicUsize::new(0)), Arc::new(Semaphore::new(1)));
    let routes = Router::new()
        .route("/hold", get(hold).with_state(Arc::clone(&running)))
        .route("/panic", get(panics))
        .layer(from_fn_with_state(Arc::clone(&counted), count));
    let plain = Plain::start(routes).await;
    plain.say("GET", "/nowhere").await.answer().await;
    let panicked = plain.say("GET", "/panic").await.rest().await;
    assert_eq!(panicked.status, 0);
    let wire = plain.say("GET", "/hold").await;
    until("a handler", || running.available_permits() == 0).await;
    drop(wire);
    until("its end", || running.available_permits() == 1).await;
    assert_eq!(counted.load(Ordering::Relaxed), 1, "of three requests");
}

async fn measure(request: Request, next: Next) -> Response {
    let (method, path) = (
        request.method().to_string(),
        request.uri().path().to_owned(),
    );
    metrics::counter!("http_requests_total", "method" => method, "path" => path).increment(1);
    next.run(request).await
}

/// See `a_thousand_paths_and_hosts_and_two_hundred_methods_add_a_fixed_number_of_series`.
#[tokio::test]
async fn a_plain_label_makes_a_series_of_each_path_and_method() {
    let metrics = Metrics::install();
    let plain = Plain::start(Router::new().layer(from_fn(measure))).await;
    let mut wire = Wire::open(plain.addr).await;
    for n in 0..100 {
        wire.get(&format!("/{n}")).await;
        let head = format!("M{n} / HTTP/1.1\r\nhost: test\r\n\r\n");
        wire.say(head).await;
        wire.answer().await;
    }
    assert_eq!(metrics.len(), 200);
}
