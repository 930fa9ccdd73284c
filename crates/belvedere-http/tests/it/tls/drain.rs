//! The end of a server behind TLS.

use super::{Authority, connect, start};
use crate::harness::{Http2, Wire};

const NAP: &str = "GET /nap HTTP/1.1\r\nhost: test\r\n\r\n";

#[tokio::test]
async fn a_draining_server_tells_http1_callers_to_close_and_sends_http2_callers_away() {
    let authority = Authority::new();
    let service = start(&authority).await;
    let http1 = connect(service.addr, &authority, "http/1.1").await.unwrap();
    let http2 = connect(service.addr, &authority, "h2").await.unwrap();
    let (mut http1, mut http2) = (Wire::over(http1), Http2::over(http2).await);
    assert_eq!(http1.get("/ok").await.header("connection"), "");
    assert_eq!(http2.get("/ok").await.status, 200);
    service.shutdown.drain();
    let answer = http1.get("/ok").await;
    assert_eq!((answer.status, answer.header("connection")), (200, "close"));
    http1.rest().await;
    http2.closed().await;
}

#[tokio::test]
async fn a_stopping_server_loses_nothing_that_has_begun() {
    let authority = Authority::new();
    let mut service = start(&authority).await;
    let http1 = connect(service.addr, &authority, "http/1.1").await.unwrap();
    let http2 = connect(service.addr, &authority, "h2").await.unwrap();
    let (mut http1, mut http2) = (Wire::over(http1), Http2::over(http2).await);
    http1.say(NAP).await;
    let stop = async {
        service.running(2).await;
        service.shutdown.drain();
        service.shutdown.stop();
    };
    let (answer, ()) = tokio::join!(http2.get("/nap"), stop);
    assert_eq!((answer.status, answer.is_whole), (200, true));
    let answer = http1.answer().await;
    assert_eq!((answer.status, answer.header("connection")), (200, "close"));
    assert_eq!(service.ended().await, 0);
    for event in service.logs.completed() {
        assert_eq!(event.field("outcome"), "ok");
    }
}
