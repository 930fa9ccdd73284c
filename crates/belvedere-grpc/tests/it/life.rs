//! Connections and streams: how they end, and what they leave behind.

use std::time::Duration;

use belvedere_http::server::Limits;
use tokio::task::JoinSet;
use tonic::Code;

use crate::harness::{Client, Kind, Service, Setup, ask, until};

async fn cancel(service: &Service, streams: usize) {
    // As many as one connection takes at once.
    for batch in 0..streams.div_ceil(100) {
        let mut calls = JoinSet::new();
        for _ in 0..100 {
            let client = service.client.clone();
            calls.spawn(async move { client.call(Kind::Chat, ask("wait_later")).await });
        }
        service.running(100).await;
        calls.abort_all();
        while calls.join_next().await.is_some() {}
        service.completed((batch + 1) * 100).await;
    }
}

/// What so many of them leave: counts, and nothing else.
async fn leave_nothing_behind(streams: usize) {
    let service = Service::start().await;
    assert!(service.client.ask(Kind::Unary, "fine").await.is_ok());
    let tasks = || {
        tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks()
    };
    until("one connection", || service.connections() == 1.0).await;
    let before = tasks();
    cancel(&service, streams).await;
    until("no call is open", || service.active() == 0.0).await;
    assert_eq!(service.counted("Chat", "CANCELLED"), streams as f64);
    assert_eq!(service.connections(), 1.0);
    until("no task is left", || tasks() <= before).await;
}

#[tokio::test]
async fn cancelled_streams_leave_no_gauge_task_or_connection_behind() {
    // Enough to see what each would leave.
    leave_nothing_behind(200).await;
}

#[tokio::test]
#[ignore = "soak: 10,000 streams"]
async fn ten_thousand_cancelled_streams_leave_nothing_behind() {
    leave_nothing_behind(10_000).await;
}

#[tokio::test]
async fn a_connection_carries_two_hundred_streams_and_more_wait() {
    let service = Service::start().await;
    assert!(service.client.ask(Kind::Unary, "fine").await.is_ok());
    let mut calls = JoinSet::new();
    for _ in 0..250 {
        let client = service.client.clone();
        calls.spawn(async move { client.call(Kind::Download, ask("wait_later")).await });
    }
    service.running(200).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(service.active(), 200.0 * service.connections());
    calls.abort_all();
    until("no call is open", || service.active() == 0.0).await;
}

#[tokio::test]
async fn an_open_stream_is_cut_when_its_time_is_over_and_told_so() {
    let mut service = Service::start().await;
    let client = service.client.clone();
    let open = belvedere_core::spawn(async move { client.ask(Kind::Download, "wait_later").await });
    service.running(1).await;
    service.shutdown.drain();
    service.shutdown.stop();
    service.shutdown.abort();
    assert_eq!(service.ended().await, 1);
    assert!(open.await.unwrap().unwrap().is_err());
    service.completed(1).await;
    assert_eq!(service.logs.completed()[0].field("outcome"), "shutdown");
    assert_eq!(service.counted("Download", "UNAVAILABLE"), 1.0);
    until("no call is open", || service.active() == 0.0).await;
}

#[tokio::test]
async fn a_drain_tells_connections_to_go_and_lets_streams_end() {
    let mut service = Service::start().await;
    let mut deadline = ask("wait_later");
    deadline.set_timeout(Duration::from_millis(500));
    let client = service.client.clone();
    let open = belvedere_core::spawn(async move { client.call(Kind::Download, deadline).await });
    service.running(1).await;
    service.shutdown.drain();
    // GOAWAY: the next call comes by another connection, while the stream is still open on its own.
    until("another connection", || service.connections() >= 1.0).await;
    assert!(service.client.ask(Kind::Unary, "fine").await.is_ok());
    service.shutdown.stop();
    let ended = open.await.unwrap().unwrap().unwrap_err();
    assert_eq!(ended.code(), Code::DeadlineExceeded);
    assert_eq!(service.ended().await, 0);
    until("no connection is open", || service.connections() == 0.0).await;
}

#[tokio::test]
async fn a_connection_that_is_old_is_told_to_go_and_its_stream_goes_on() {
    let setup = Setup {
        limits: Limits {
            max_age: Some(Duration::from_millis(200)),
            ..Limits::default()
        },
        ..Setup::default()
    };
    let service = setup.start().await;
    let mut deadline = ask("wait_later");
    deadline.set_timeout(Duration::from_secs(3));
    let client = service.client.clone();
    let open = belvedere_core::spawn(async move { client.call(Kind::Download, deadline).await });
    service.running(1).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(service.client.ask(Kind::Unary, "fine").await.is_ok());
    assert_eq!(service.connections(), 2.0);
    // It is the deadline that ends it, not the connection.
    assert_eq!(
        open.await.unwrap().unwrap().unwrap_err().code(),
        Code::DeadlineExceeded
    );
    drop(Client::of(service.addr));
}
