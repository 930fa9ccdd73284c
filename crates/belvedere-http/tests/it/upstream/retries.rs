//! Which calls are sent again, and how often.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use belvedere_core::config::Seconds;
use belvedere_http::{Upstream, UpstreamConfig, UpstreamError};
use futures_util::{StreamExt, stream};
use tokio::{io::AsyncReadExt, io::AsyncWriteExt, net::TcpListener};

use super::{Gateway, config, nobody, upstream};
use crate::harness::{Metrics, Setup, attribute, routes};

/// Calls of one test.
const CALLS: usize = 3_000;
/// What a tenth and ten retries come to, at most.
const MOST_TRIES: usize = CALLS * 112 / 100;

/// Makes all calls, some at a time; how many got this status.
async fn calls(upstream: &Upstream, path: &str, status: u16) -> usize {
    let calls = stream::iter(0..CALLS).map(|_| upstream.get(path).send());
    let answers = calls.buffer_unordered(32).filter(|answer| {
        let is_wanted = answer
            .as_ref()
            .is_ok_and(|answer| answer.status() == status);
        std::future::ready(is_wanted)
    });
    answers.count().await
}

#[tokio::test]
async fn an_upstream_that_fails_now_and_then_is_asked_a_tenth_more_often_at_most() {
    let metrics = Metrics::install();
    let gateway = Gateway::start().await;
    let upstream = upstream(&gateway.url);
    let answered = calls(&upstream, "moody", 200).await;
    let tries = gateway.asked();
    assert!(tries <= MOST_TRIES, "{tries} tries");
    let retries = metrics.sum("http_client_retries_total", &[("upstream", "payments")]);
    assert_eq!(retries, (tries - CALLS) as f64);
    assert!(retries >= CALLS as f64 * 0.08, "{retries} retries");
    assert!(answered > CALLS * 6 / 10, "{answered} answers");
    let measured = metrics.sum("http_client_request_duration_seconds_count", &[]);
    assert_eq!(measured, tries as f64);
}

/// A peer that reads a request, and of two in five cuts the connection, of the others answers.
async fn cutting() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::<AtomicUsize>::default();
    let counted = Arc::clone(&asked);
    belvedere_core::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let asked = Arc::clone(&counted);
            belvedere_core::spawn(async move {
                let mut head = [0; 4096];
                while stream.read(&mut head).await.is_ok_and(|read| read > 0) {
                    if asked.fetch_add(1, Relaxed) % 5 < 2 {
                        stream.set_zero_linger().unwrap();
                        return;
                    }
                    let ok = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
                    stream.write_all(ok.as_bytes()).await.unwrap();
                }
            });
        }
    });
    (url, asked)
}

#[tokio::test]
async fn an_upstream_that_cuts_connections_is_asked_a_tenth_more_often_at_most() {
    let (url, asked) = cutting().await;
    let answered = calls(&upstream(&url), "cut", 200).await;
    let tries = asked.load(Relaxed);
    assert!((CALLS..=MOST_TRIES).contains(&tries), "{tries} tries");
    assert!(answered > CALLS * 6 / 10, "{answered} answers");
}

#[tokio::test]
async fn a_post_is_sent_again_only_with_a_key() {
    let gateway = Gateway::start().await;
    let upstream = upstream(&gateway.url);
    gateway.answer(503);
    let post = || upstream.post("moody");
    assert_eq!(post().send().await.unwrap().status(), 503);
    assert_eq!(gateway.asked(), 1);
    let answer = post().idempotency_key("order-1").send().await;
    assert_eq!(answer.unwrap().status(), 503);
    assert_eq!(gateway.asked(), 1 + 3);
}

#[tokio::test]
async fn a_key_is_sent() {
    let gateway = Gateway::start().await;
    let upstream = upstream(&gateway.url);
    let call = upstream.post("charge").idempotency_key("order-1");
    call.send().await.unwrap();
    assert_eq!(gateway.heard()[0]["idempotency-key"], "order-1");
}

#[tokio::test]
async fn only_what_may_pass_is_sent_again() {
    for (status, tries) in [
        (500, 1),
        (501, 1),
        (404, 1),
        (502, 3),
        (503, 3),
        (504, 3),
        (429, 3),
    ] {
        let gateway = Gateway::start().await;
        gateway.answer(status);
        let answer = upstream(&gateway.url).delete("moody").send().await;
        assert_eq!(answer.unwrap().status(), status);
        assert_eq!(gateway.asked(), tries, "{status}");
    }
}

#[tokio::test]
async fn a_connection_that_is_refused_is_tried_again() {
    let metrics = Metrics::install();
    let url = nobody().await;
    let error = upstream(&url).get("/").send().await.unwrap_err();
    assert!(matches!(error, UpstreamError::NoConnection { .. }));
    let tries = metrics.sum(
        "http_client_request_duration_seconds_count",
        &[("status", "no_connection")],
    );
    assert_eq!(tries, 3.0);
}

#[tokio::test]
async fn an_upstream_is_left_alone_for_as_long_as_it_asks() {
    let gateway = Gateway::start().await;
    let began = Instant::now();
    let answer = upstream(&gateway.url).get("later/1").send().await.unwrap();
    assert_eq!((answer.status().as_u16(), gateway.asked()), (200, 2));
    assert!(began.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn an_upstream_that_asks_for_more_time_than_there_is_is_not_waited_for() {
    let gateway = Gateway::start().await;
    let config = UpstreamConfig {
        timeout_seconds: Seconds::new(20),
        ..config(&gateway.url)
    };
    let upstream = Upstream::new("payments", &config).unwrap();
    let began = Instant::now();
    let answer = upstream.get("later/60").send().await.unwrap();
    assert_eq!((answer.status().as_u16(), gateway.asked()), (429, 1));
    assert!(began.elapsed() < Duration::from_secs(20));
}

#[tokio::test]
async fn each_try_is_a_span_that_says_how_many_came_before() {
    let gateway = Gateway::start().await;
    gateway.answer(502);
    let upstream = upstream(&gateway.url);
    let pay = async move || upstream.get("moody").send().await.unwrap().status();
    let setup = Setup {
        routes: routes().route("/pay", axum::routing::get(pay)),
        ..Setup::default()
    };
    let service = setup.start().await;
    assert_eq!(service.get("/pay").await.status, 502);
    service.counted(1).await;
    let tries = service.spans.clients();
    let resent: Vec<_> = tries
        .iter()
        .map(|span| attribute(span, "http.request.resend_count"))
        .collect();
    assert_eq!(resent, ["", "1", "2"]);
    let server = &service.spans.servers()[0];
    for span in &tries {
        assert_eq!(span.trace_id, server.trace_id);
        assert_eq!(span.parent.unwrap().span_id, server.span_id);
    }
}
