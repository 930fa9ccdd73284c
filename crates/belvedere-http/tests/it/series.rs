//! Which series requests may make: none that a caller can invent.

use axum::{Router, routing::get};

use crate::harness::{Service, Setup, Wire, routes};

/// A service with routes two prefixes deep.
async fn nested() -> Service {
    let inner = Router::new()
        .route("/orders/{id}", get(|| async { "an order" }))
        .route("/orders", get(|| async { "orders" }));
    let routes = routes().nest("/v1", Router::new().nest("/shop/{shop}", inner));
    let setup = Setup {
        routes,
        ..Setup::default()
    };
    setup.start().await
}

async fn ask(wire: &mut Wire, method: &str, path: &str) -> u16 {
    ask_host(wire, method, path, "test").await
}

async fn ask_host(wire: &mut Wire, method: &str, path: &str, host: &str) -> u16 {
    wire.say(format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\n\r\n"))
        .await;
    wire.answer().await.status
}

#[tokio::test]
async fn a_nested_route_is_told_by_its_whole_template() {
    let service = nested().await;
    assert_eq!(service.get("/v1/shop/7/orders/42?page=3").await.status, 200);
    let template = "/v1/shop/{shop}/orders/{id}";
    let metrics = service.metrics.clone();
    let record = service.sole_record().await;
    assert_eq!(
        metrics.sum("http_requests_total", &[("path", template)]),
        1.0
    );
    assert_eq!(record.completed.of_request("route"), template);
    assert_eq!(record.completed.of_request("path"), "/v1/shop/7/orders/42");
    assert_eq!(record.attribute("http.route"), template);
    assert_eq!(record.span.unwrap().name, format!("GET {template}"));
}

#[tokio::test]
async fn a_path_that_only_begins_like_a_nested_route_is_unmatched() {
    let service = nested().await;
    assert_eq!(service.get("/v1/shop/7/elsewhere").await.status, 404);
    let metrics = service.metrics.clone();
    let record = service.sole_record().await;
    assert_eq!(
        metrics.sum("http_requests_total", &[("path", "unmatched")]),
        1.0
    );
    assert_eq!(record.completed.of_request("route"), "unmatched");
}

#[tokio::test]
async fn a_thousand_paths_and_hosts_and_two_hundred_methods_add_a_fixed_number_of_series() {
    let service = nested().await;
    let mut wire = service.connect().await;
    assert_eq!(ask(&mut wire, "GET", "/things/0").await, 200);
    assert_eq!(ask(&mut wire, "GET", "/nowhere").await, 404);
    assert_eq!(ask(&mut wire, "BREW", "/things/0").await, 405);
    assert_eq!(ask(&mut wire, "BREW", "/nowhere").await, 404);
    service.counted(4).await;
    let before = service.metrics.len();
    for n in 0..500 {
        let hosts = [format!("known-{n}.test"), format!("no-{n}.test")];
        let known = ask_host(&mut wire, "GET", &format!("/things/{n}"), &hosts[0]).await;
        let unknown = ask_host(&mut wire, "GET", &format!("/no/{n}"), &hosts[1]).await;
        assert_eq!((known, unknown), (200, 404));
    }
    for n in 0..200 {
        ask(&mut wire, &format!("M{n}"), "/things/0").await;
        ask(&mut wire, &format!("M{n}"), &format!("/no/{n}")).await;
    }
    service.counted(1404).await;
    assert_eq!(service.metrics.len(), before);
    let other = [
        ("method", "_OTHER"),
        ("path", "/things/{id}"),
        ("status", "405"),
    ];
    assert_eq!(service.metrics.sum("http_requests_total", &other), 201.0);
}
