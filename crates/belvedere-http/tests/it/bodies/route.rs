use axum::{Router, body::Bytes, routing::post};
use belvedere_http::limits::BodyLimit;

use super::{send, send_chunked, taken, told, too_large};
use crate::harness::{LIMIT, Service, Setup};

/// Above what axum's extractors take by themselves.
const LARGE: usize = 3 * 1024 * 1024;
const SMALL: usize = 100;

async fn service() -> Service {
    let length = async |body: Bytes| body.len().to_string();
    let routes = Router::new()
        .route(
            "/large",
            post(length).layer(BodyLimit::new().bytes(LARGE as u64)),
        )
        .route(
            "/small",
            post(length).layer(BodyLimit::new().bytes(SMALL as u64)),
        )
        .route("/usual", post(length));
    let setup = Setup {
        routes,
        ..Setup::default()
    };
    setup.start().await
}

#[tokio::test]
async fn a_route_may_take_more_or_less_than_the_others() {
    let service = service().await;
    for (path, limit) in [("/large", LARGE), ("/small", SMALL), ("/usual", LIMIT)] {
        for (size, expected) in [(limit, taken(limit)), (limit + 1, too_large())] {
            let body = vec![b'x'; size];
            let answer = send(&service, path, "", &body).await;
            assert_eq!(told(&answer), expected, "{path}");
            let answer = send_chunked(&service, path, "", &body).await;
            assert_eq!(told(&answer), expected, "{path} in chunks");
        }
    }
}
