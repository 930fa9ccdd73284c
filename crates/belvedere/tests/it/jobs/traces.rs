//! From a request to its job and on, in one trace.

use std::time::{Duration, Instant};

use belvedere_testing::{ReceivedSpan, TestService};

use super::helpers::{Store, ask};
use crate::helpers::example;

async fn spans(service: &TestService, count: usize, name: &str) -> Vec<ReceivedSpan> {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let all = service.otlp().spans().into_iter();
        let found: Vec<_> = all.filter(|span| span.name == name).collect();
        if found.len() >= count {
            return found;
        }
        assert!(Instant::now() < deadline, "{name}: {found:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_request_its_job_and_whom_that_calls_are_one_trace() {
    let store = Store::start().await;
    let next = TestService::builder(&example("relay")).start().unwrap();
    let url = format!("http://{}", next.http());
    let service = store.process().variable("NEXT__URL", &url).start().unwrap();
    let id = ask(&service, "call", 1).await;
    let line = service
        .line(|line| line["message"] == "job_completed")
        .await;
    let trace_id = line["trace_id"].as_str().unwrap();
    let consumer = spans(&service, 1, "process errands").await.remove(0);
    let producer = spans(&service, 1, "send errands").await.remove(0);
    let server = spans(&service, 1, "POST /errands").await.remove(0);
    let called = spans(&next, 1, "GET /relay").await.remove(0);
    let client = service.otlp().spans().into_iter();
    let mut client = client.filter(|span| span.span_id == called.parent_span_id);
    let client = client.next().expect("the call is a span");
    for span in [&server, &producer, &consumer, &client, &called] {
        assert_eq!(span.trace_id, trace_id, "{span:?}");
    }
    assert_eq!(producer.parent_span_id, server.span_id);
    assert_eq!(consumer.parent_span_id, producer.span_id);
    assert_eq!(client.kind, "client");
    assert_eq!((producer.kind, consumer.kind), ("producer", "consumer"));
    assert_eq!((producer.status_code, consumer.status_code), (0, 1));
    assert_eq!(server.attributes["request_id"], id);
    for (key, value) in [
        ("messaging.system", "postgresql"),
        ("messaging.destination.name", "errands"),
        ("messaging.operation.type", "process"),
        ("belvedere.job.name", "errand"),
        ("belvedere.job.attempt", "1"),
        ("request_id", &id),
        ("tenant_id", "acme"),
        ("user_id", "ada"),
    ] {
        assert_eq!(consumer.attributes[key], value, "{key}");
    }
}

#[tokio::test]
async fn a_retry_is_a_trace_of_its_own_that_points_at_the_first() {
    let store = Store::start().await;
    let service = store.process().start().unwrap();
    ask(&service, "once", 1).await;
    service
        .line(|line| line["message"] == "job_completed")
        .await;
    let runs = spans(&service, 2, "process errands").await;
    let producer = spans(&service, 1, "send errands").await.remove(0);
    let (first, second) = match runs[0].trace_id == producer.trace_id {
        true => (&runs[0], &runs[1]),
        false => (&runs[1], &runs[0]),
    };
    assert_eq!(first.trace_id, producer.trace_id);
    assert!(
        first.status_code == 2 && first.links.is_empty(),
        "{first:?}"
    );
    assert_ne!(second.trace_id, producer.trace_id);
    assert_eq!(second.parent_span_id, "");
    assert_eq!(second.links, [(producer.trace_id, producer.span_id)]);
}

#[tokio::test]
async fn the_lines_of_each_run_say_whose_request_asked_for_it() {
    let store = Store::start().await;
    let service = store.process().start().unwrap();
    let id = ask(&service, "once", 1).await;
    service
        .line(|line| line["message"] == "job_completed")
        .await;
    let lines = service.lines().into_iter();
    let own = lines.filter(|line| {
        let message = line["message"].as_str().unwrap_or_default();
        ["errand_run", "job_retried", "job_completed"].contains(&message)
    });
    let own: Vec<_> = own.collect();
    assert_eq!(own.len(), 4, "{own:?}");
    for line in &own {
        assert_eq!(line["request_id"], *id, "{line}");
        assert_eq!(line["tenant_id"], "acme");
        assert_eq!(line["user_id"], "ada");
        assert_eq!(line["trace_id"].as_str().unwrap().len(), 32);
        assert!(line.get("route").is_none() && line.get("path").is_none());
    }
    assert_ne!(own[0]["trace_id"], own[3]["trace_id"]);
}
