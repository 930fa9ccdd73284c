//! Callers that leave before they are answered.

use std::time::Duration;

use belvedere_testing::{ReceivedSpan, TestService, ThrowAwayPostgres};
use futures_util::future::join_all;
use reqwest::Method;

use super::{queries, started};

const PATIENCE: Duration = Duration::from_secs(30);

fn arrived(service: &TestService, wanted: impl Fn(&ReceivedSpan) -> bool) -> ReceivedSpan {
    let found = service.otlp().wait_for(wanted, PATIENCE);
    found.expect("the span comes")
}

/// Asks, and leaves.
async fn ask_for(service: &TestService, path: &str, duration: Duration) {
    let asked = service.anonymous().request(Method::GET, path).send();
    let _ = tokio::time::timeout(duration, asked).await;
}

/// On several threads: the caller's own connection is closed beside the wait for a span.
#[tokio::test(flavor = "multi_thread")]
async fn a_statement_whose_caller_leaves_arrives_as_cancelled_below_its_request() {
    let service = started();
    ask_for(&service, "/sleep", Duration::from_millis(300)).await;
    let statement = arrived(&service, |span| span.name == "SELECT");
    assert_eq!(statement.attributes["db.query.text"], "SELECT pg_sleep(?)");
    assert_eq!(statement.attributes["error.type"], "cancelled");
    assert_eq!(statement.status_code, 0);
    let request = arrived(&service, |span| {
        span.kind == "server" && span.name == "GET /sleep"
    });
    assert_eq!(statement.parent_span_id, request.span_id);
    let counted =
        "db_client_errors_total{db_system_name=\"postgresql\",error_type=\"cancelled\"} 1";
    service.metric(counted).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_whose_caller_leaves_arrives_with_the_rows_that_were_read() {
    let service = started();
    let asked = service.anonymous().request(Method::GET, "/rows").send();
    let mut answer = asked.await.unwrap();
    let first = answer.chunk().await;
    assert!(matches!(first, Ok(Some(_))), "{first:?}");
    drop(answer);
    let stream = arrived(&service, |span| {
        span.attributes
            .get("db.query.text")
            .is_some_and(|text| text.contains("generate_series"))
    });
    let rows: u64 = stream.attributes["db.response.returned_rows"]
        .parse()
        .unwrap();
    assert!((1..100_000_000).contains(&rows), "{rows}");
    assert_eq!(stream.attributes.get("error.type"), None);
    let request = arrived(&service, |span| {
        span.kind == "server" && span.name == "GET /rows"
    });
    assert_eq!(stream.parent_span_id, request.span_id);
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_callers_that_leave_keep_no_connection() {
    let postgres = ThrowAwayPostgres::start().unwrap();
    let service = queries()
        .postgres(postgres)
        .variable("DATABASE_POOL_SIZE", "5")
        // Nothing but the service ends what its callers have left.
        .variable("DATABASE__STATEMENT_TIMEOUT_SECONDS", "0")
        .start()
        .unwrap();
    let service = &service;
    let callers = (0..500_u64).map(async |n| {
        tokio::time::sleep(Duration::from_millis(4 * n)).await;
        ask_for(service, "/sleep", Duration::from_millis(20 + n % 50)).await;
    });
    join_all(callers).await;
    let used = "db_client_connection_count{db_system_name=\"postgresql\",state=\"used\"} 0";
    service.metric(used).await;
    let caller = service.anonymous();
    for answer in join_all((0..5).map(|_| caller.get("/orders"))).await {
        assert_eq!(answer.status, 200);
    }
    service
        .metric("db_client_connection_pending_requests{db_system_name=\"postgresql\"} 0")
        .await;
}
