//! Calls to other services.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Redirect,
    routing::{get, post},
};
use belvedere_core::Shutdown;
use belvedere_http::{Server, Upstream, server::Limits};
use belvedere_testing::CapturedSpan;
use opentelemetry::trace::Status;
use serde_json::json;
use tokio::net::TcpListener;

use crate::harness::{Service, Setup, attribute, routes, until};

/// What the other side has been sent.
type Heard = Arc<Mutex<Vec<HeaderMap>>>;

/// Another service; its URL, and what it hears.
async fn gateway() -> (String, Heard) {
    let heard = Heard::default();
    let charge = |State(heard): State<Heard>, headers: HeaderMap| async move {
        heard.lock().unwrap().push(headers);
        StatusCode::CREATED
    };
    let routes = Router::new()
        .route("/charge", post(charge))
        .route("/moved", post(|| async { Redirect::temporary("/charge") }))
        .route("/refused", post(|| async { StatusCode::PAYMENT_REQUIRED }))
        .route("/hang", post(std::future::pending::<()>))
        .with_state(Arc::clone(&heard));
    let any = ([127, 0, 0, 1], 0).into();
    let server = Server::bind(any, routes, Limits::default(), Shutdown::default());
    let server = server.await.unwrap();
    let url = format!("http://{}", server.local_addr().unwrap());
    belvedere_core::spawn(server.run());
    (url, heard)
}

/// A service that calls `path` of the gateway at `url` when it is asked for `/pay`.
async fn calling(url: &str, path: &'static str, ratio: f64) -> Service {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let gateway = Upstream::new("payments", url).unwrap();
    let pay = move || async move {
        let called = gateway.post_json(path, &json!({"amount": 1})).await;
        called.map_or(StatusCode::SERVICE_UNAVAILABLE, |answer| answer.status())
    };
    let setup = Setup {
        routes: routes().route("/pay", get(pay)),
        ratio,
        ..Setup::default()
    };
    setup.start().await
}

impl Service {
    /// The one call, after the one request was told; its server span is its parent.
    fn sole_call(&self) -> CapturedSpan {
        let calls = self.spans.clients();
        assert_eq!(calls.len(), 1, "{calls:?}");
        let server = &self.spans.servers()[0];
        assert_eq!(calls[0].parent.unwrap().span_id, server.span_id);
        assert_eq!(calls[0].trace_id, server.trace_id);
        calls[0].clone()
    }

    fn calls_counted(&self, status: &str) -> f64 {
        let labels = [
            ("upstream", "payments"),
            ("method", "POST"),
            ("status", status),
        ];
        self.metrics
            .sum("http_client_request_duration_seconds_count", &labels)
    }
}

#[tokio::test]
async fn a_call_carries_the_requests_trace_and_id_and_is_a_span_below_it() {
    let (url, heard) = gateway().await;
    let service = calling(&url, "/charge", 1.0).await;
    let answer = service.get("/pay").await;
    assert_eq!(answer.status, 201);
    service.counted(1).await;
    let call = service.sole_call();
    let heard = heard.lock().unwrap().remove(0);
    let traceparent = format!("00-{}-{}-01", call.trace_id, call.span_id);
    assert_eq!(heard["traceparent"], traceparent);
    assert_eq!(heard["x-request-id"], answer.header("x-request-id"));
    assert_eq!(call.name, "POST payments");
    assert_eq!(call.status, Status::Unset);
    assert_eq!(service.calls_counted("201"), 1.0);
}

#[tokio::test]
async fn a_call_of_a_request_that_is_not_sampled_says_so_and_leaves_no_span() {
    let (url, heard) = gateway().await;
    let service = calling(&url, "/charge", 0.0).await;
    service.get("/pay").await;
    service.counted(1).await;
    let heard = heard.lock().unwrap().remove(0);
    let traceparent = heard["traceparent"].to_str().unwrap();
    let completed = service.logs.completed().remove(0);
    assert!(traceparent.contains(completed.of_request("trace_id")));
    assert!(traceparent.ends_with("-00"), "{traceparent}");
    assert!(service.spans.clients().is_empty());
}

#[tokio::test]
async fn a_refusal_is_an_answer_and_an_error_of_its_span() {
    let (url, _) = gateway().await;
    let service = calling(&url, "/refused", 1.0).await;
    assert_eq!(service.get("/pay").await.status, 402);
    service.counted(1).await;
    let call = service.sole_call();
    assert_eq!(call.status, Status::error(""));
    assert_eq!(attribute(&call, "error.type"), "402");
    assert_eq!(service.calls_counted("402"), 1.0);
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let (url, heard) = gateway().await;
    let service = calling(&url, "/moved", 1.0).await;
    assert_eq!(service.get("/pay").await.status, 307);
    assert!(heard.lock().unwrap().is_empty());
    assert_eq!(service.calls_counted("307"), 1.0);
}

#[tokio::test]
async fn a_refused_connection_is_an_error_that_names_no_address() {
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", gone.local_addr().unwrap());
    drop(gone);
    let service = calling(&url, "/charge", 1.0).await;
    assert_eq!(service.get("/pay").await.status, 503);
    service.counted(1).await;
    let call = service.sole_call();
    assert_eq!(attribute(&call, "error.type"), "no_answer");
    assert_eq!(service.calls_counted("no_answer"), 1.0);
    let error = Upstream::new("payments", &url)
        .unwrap()
        .post_json("/", &())
        .await
        .unwrap_err();
    let port = url.rsplit_once(':').unwrap().1;
    assert!(
        !format!("{error} {:?}", std::error::Error::source(&error)).contains(&format!("{port}/"))
    );
}

#[tokio::test]
async fn a_call_that_is_given_up_with_its_request_is_counted_as_cancelled() {
    let (url, _) = gateway().await;
    let service = calling(&url, "/hang", 1.0).await;
    let mut wire = service.connect().await;
    wire.say("GET /pay HTTP/1.1\r\nhost: test\r\n\r\n").await;
    service.running(1).await;
    tokio::task::yield_now().await;
    drop(wire);
    service.counted(1).await;
    until("a cancelled call", || {
        service.calls_counted("cancelled") == 1.0
    })
    .await;
    assert_eq!(attribute(&service.sole_call(), "error.type"), "cancelled");
}
