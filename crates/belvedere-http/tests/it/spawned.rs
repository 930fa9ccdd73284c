//! Work that goes on beside a request, or after it.

use std::{sync::Arc, time::Duration};

use axum::routing::get;
use tokio::sync::Notify;

use crate::harness::{Service, Setup, routes, until};

const IDS: [&str; 4] = ["trace_id", "span_id", "trace_flags", "request_id"];

/// A service whose handler leaves work behind, which waits until its request is over.
async fn leaving_work(ratio: f64, exports: bool) -> (Service, Arc<Notify>) {
    let over = Arc::new(Notify::new());
    let waits = Arc::clone(&over);
    let later = async move |waits: Arc<Notify>| {
        waits.notified().await;
        tracing::info!("confirmation_sent");
    };
    let handler = move || async move {
        belvedere_core::spawn(later(waits));
    };
    let setup = Setup {
        routes: routes().route("/leave", get(handler)),
        ratio,
        exports,
        slow: Duration::MAX,
        ..Setup::default()
    };
    (setup.start().await, over)
}

/// The line of the task has the ids of the request's own.
async fn is_told_with_its_request(ratio: f64, exports: bool, flags: &str) {
    let (service, over) = leaving_work(ratio, exports).await;
    service.get("/leave").await;
    service.counted(1).await;
    over.notify_one();
    until("the task's line", || {
        !service.logs.named("confirmation_sent").is_empty()
    })
    .await;
    let [line] = service.logs.named("confirmation_sent").try_into().unwrap();
    let [completed] = service.logs.completed().try_into().unwrap();
    for id in IDS {
        assert_ne!(line.of_request(id), "", "{id}");
        assert_eq!(line.of_request(id), completed.of_request(id), "{id}");
    }
    assert_eq!(line.of_request("trace_flags"), flags);
    assert_eq!(line.of_request("route"), "/leave");
}

#[tokio::test]
async fn a_tasks_lines_have_the_ids_of_a_request_that_is_sampled() {
    is_told_with_its_request(1.0, true, "01").await;
}

#[tokio::test]
async fn a_tasks_lines_have_the_ids_of_a_request_that_is_not_sampled() {
    is_told_with_its_request(0.0, true, "00").await;
}

#[tokio::test]
async fn a_tasks_lines_have_the_ids_of_a_request_whose_spans_go_nowhere() {
    is_told_with_its_request(1.0, false, "00").await;
}
