//! When a call is over.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use axum::{http::StatusCode, routing::get};
use belvedere_core::config::Seconds;
use belvedere_http::{Upstream, UpstreamConfig, UpstreamError, client::DEADLINE};
use futures_util::future::join_all;

use super::{Gateway, config, millis, upstream};
use crate::harness::{Service, Setup, routes, until};

/// What a handler may take.
const TIME: Duration = Duration::from_millis(500);

type Took = Arc<Mutex<Vec<(Duration, String)>>>;

/// A service whose handlers have half a second, and call `path` of the gateway; how long each call took, and its end.
async fn hurried(gateway: &Gateway, path: &'static str) -> (Service, Took) {
    let (upstream, took) = (upstream(&gateway.url), Took::default());
    let told = Arc::clone(&took);
    let pay = async move || {
        let began = Instant::now();
        let called = upstream.get(path).send().await;
        let end = match &called {
            Ok(answer) => answer.status().as_str().to_owned(),
            Err(UpstreamError::DeadlineOver { .. }) => "deadline".to_owned(),
            Err(UpstreamError::CircuitOpen { .. }) => "open".to_owned(),
            Err(error) => error.to_string(),
        };
        told.lock().unwrap().push((began.elapsed(), end));
        called.map_or(StatusCode::BAD_GATEWAY, |answer| answer.status())
    };
    let setup = Setup {
        routes: routes().route("/pay", get(pay)),
        timeout: TIME,
        ..Setup::default()
    };
    (setup.start().await, took)
}

#[tokio::test]
async fn no_call_outlives_its_handler_which_still_answers() {
    let gateway = Gateway::start().await;
    let (service, took) = hurried(&gateway, "hang").await;
    let answers = join_all((0..200).map(|_| service.get("/pay"))).await;
    for answer in answers {
        assert_eq!(answer.status, 502, "the handler's own answer");
    }
    let took = took.lock().unwrap();
    assert_eq!(took.len(), 200);
    for (time, end) in took.iter() {
        assert!(*time < 5 * TIME, "{time:?}");
        assert!(["deadline", "open"].contains(&end.as_str()), "{end}");
    }
}

#[tokio::test]
async fn an_upstream_is_told_how_long_it_is_waited_for() {
    let gateway = Gateway::start().await;
    let own = UpstreamConfig {
        timeout_seconds: Seconds::new(7),
        ..config(&gateway.url)
    };
    let own = Upstream::new("payments", &own).unwrap();
    own.post("charge").send().await.unwrap();
    let hurried = upstream(&gateway.url);
    let pay = async move || hurried.post("charge").send().await.unwrap().status();
    let setup = Setup {
        routes: routes().route("/pay", get(pay)),
        timeout: Duration::from_secs(3),
        ..Setup::default()
    };
    setup.start().await.get("/pay").await;
    let told = gateway.heard().into_iter();
    let told: Vec<u64> = told
        .map(|headers| headers[DEADLINE].to_str().unwrap().parse().unwrap())
        .collect();
    assert!((2_000..=7_000).contains(&told[0]), "{told:?}");
    assert!((1_000..=2_700).contains(&told[1]), "{told:?}");
}

#[tokio::test]
async fn work_beside_a_handler_is_not_in_its_hurry() {
    let gateway = Gateway::start().await;
    let upstream = upstream(&gateway.url);
    let pay = async move || {
        belvedere_core::spawn(
            async move { upstream.get("slow/900").send().await.unwrap().status() },
        );
    };
    let setup = Setup {
        routes: routes().route("/pay", get(pay)),
        timeout: Duration::from_millis(300),
        ..Setup::default()
    };
    let service = setup.start().await;
    assert_eq!(service.get("/pay").await.status, 200);
    let answered = || {
        let labels = [("upstream", "payments"), ("status", "200")];
        service
            .metrics
            .sum("http_client_request_duration_seconds_count", &labels)
    };
    until("the answer", || answered() == 1.0).await;
}

#[tokio::test]
async fn a_hanging_upstream_is_asked_once_and_no_longer_than_it_may_take() {
    let gateway = Gateway::start().await;
    let config = UpstreamConfig {
        timeout_seconds: millis(200),
        ..config(&gateway.url)
    };
    let upstream = Upstream::new("payments", &config).unwrap();
    let calls = (0..1_000).map(async |_| {
        let began = Instant::now();
        let error = upstream.get("hang").send().await.unwrap_err();
        (began.elapsed(), error)
    });
    for (took, error) in join_all(calls).await {
        assert!(matches!(error, UpstreamError::TimedOut { .. }), "{error}");
        assert!(took < Duration::from_secs(5), "{took:?}");
    }
}
