//! What requests to a nested service are told as, and what the service itself sees.

use std::convert::Infallible;

use axum::{
    Router,
    body::Body,
    extract::{OriginalUri, Request},
    response::Response,
    routing::get,
};
use belvedere_http::nest_service;
use tower::util::BoxCloneSyncService;

use crate::harness::{Answer, Service, Setup};

type Files = BoxCloneSyncService<Request, Response, Infallible>;

/// Answers with the path that it sees and the one that was asked for.
fn files() -> Files {
    Files::new(tower::service_fn(async |request: Request| {
        let original = request.extensions().get::<OriginalUri>();
        let original = original.map_or(String::new(), |original| original.0.to_string());
        let seen = format!("{} of {original}", request.uri());
        Ok(Response::new(Body::from(seen)))
    }))
}

async fn nested() -> Service {
    let routes = Router::new().route("/ok", get(|| async {}));
    let setup = Setup {
        routes: nest_service(routes, "/files", files()),
        ..Setup::default()
    };
    setup.start().await
}

fn text(answer: &Answer) -> &str {
    str::from_utf8(&answer.body).unwrap()
}

#[tokio::test]
async fn what_is_below_a_nested_service_is_told_by_its_prefix_in_every_signal() {
    let service = nested().await;
    assert_eq!(service.get("/files/2026/a.pdf?page=3").await.status, 200);
    let metrics = service.metrics.clone();
    let record = service.sole_record().await;
    let labels = [("method", "GET"), ("path", "/files/*"), ("status", "200")];
    assert_eq!(metrics.sum("http_requests_total", &labels), 1.0);
    assert_eq!(record.completed.of_request("route"), "/files/*");
    assert_eq!(record.completed.of_request("path"), "/files/2026/a.pdf");
    assert_eq!(record.attribute("http.route"), "/files/*");
    assert_eq!(record.span.unwrap().name, "GET /files/*");
}

#[tokio::test]
async fn a_service_below_a_nested_router_is_told_by_both_prefixes() {
    let setup = Setup {
        routes: Router::new().nest("/v1", nest_service(Router::new(), "/files", files())),
        ..Setup::default()
    };
    let service = setup.start().await;
    let answer = service.get("/v1/files/a").await;
    assert_eq!(text(&answer), "/a of /v1/files/a");
    let record = service.sole_record().await;
    assert_eq!(record.completed.of_request("route"), "/v1/files/*");
}

#[tokio::test]
async fn a_nested_service_sees_the_path_below_its_prefix_and_the_whole_one_beside_it() {
    let service = nested().await;
    for (asked, seen) in [
        ("/files", "/"),
        ("/files/", "/"),
        ("/files?page=2", "/?page=2"),
        ("/files/a/b?c=d", "/a/b?c=d"),
        ("/files/%7Bid%7D", "/%7Bid%7D"),
    ] {
        let answer = service.get(asked).await;
        assert_eq!(text(&answer), format!("{seen} of {asked}"));
    }
}

#[tokio::test]
async fn a_path_that_only_begins_like_a_prefix_is_unmatched() {
    let service = nested().await;
    assert_eq!(service.get("/filesystem").await.status, 404);
    let record = service.sole_record().await;
    assert_eq!(record.completed.of_request("route"), "unmatched");
}

#[tokio::test]
async fn a_thousand_files_make_one_series() {
    let service = nested().await;
    let mut wire = service.connect().await;
    for n in 0..1000 {
        assert_eq!(wire.get(&format!("/files/{n}/x")).await.status, 200);
    }
    service.counted(1000).await;
    let series = service.metrics.series("http_requests_total");
    assert_eq!(series.len(), 1, "{series:?}");
}

/// What a start with that prefix says.
fn refusal(prefix: &str) -> String {
    let nesting = || nest_service(Router::<()>::new(), prefix, files());
    let panic = std::panic::catch_unwind(nesting).expect_err("the prefix is refused");
    *panic.downcast::<String>().unwrap()
}

#[test]
fn a_bad_prefix_ends_the_start_and_is_named() {
    for bad in ["files", "/", "", "/files/", "/{tenant}/files", "/{*rest}"] {
        let told = refusal(bad);
        assert!(told.contains(&format!("{bad:?}")), "{told}");
        assert!(told.contains("such as \"/files\""), "{told}");
    }
}

#[test]
#[should_panic(expected = "use Router::nest")]
fn a_router_is_not_nested_as_a_service() {
    let _: Router = nest_service(Router::new(), "/files", Router::<()>::new());
}
