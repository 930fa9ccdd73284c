use futures_util::StreamExt;
use opentelemetry::trace::{SpanKind, Status};

use belvedere_testing::CapturedRequest;

use crate::helpers::{attribute, hasty, insert, only_span, sqlite};

#[tokio::test]
async fn a_statement_is_a_client_span_below_its_caller() {
    let (db, request) = (sqlite().await, CapturedRequest::begin());
    insert(&db, &["keep", "spire"]).await;
    let query = sqlx::query("SELECT id FROM orders WHERE product <> ?").bind("a secret");
    request.run(query.fetch_all(&db)).await.unwrap();

    let span = only_span(&request);
    assert_eq!(span.name, "SELECT orders");
    assert_eq!(span.kind, SpanKind::Client);
    assert_eq!(span.trace_id, request.context.trace_id());
    assert_eq!(span.parent.unwrap().span_id, request.context.span_id());
    assert_eq!(span.status, Status::Unset);
    for (key, value) in [
        ("db.system.name", "sqlite"),
        ("db.operation.name", "SELECT"),
        ("db.collection.name", "orders"),
        ("db.query.text", "SELECT id FROM orders WHERE product <> ?"),
        ("db.response.returned_rows", "2"),
    ] {
        assert_eq!(attribute(&span, key).as_deref(), Some(value), "{key}");
    }
    assert!(attribute(&span, "db.namespace").unwrap().contains("memory"));
    assert!(!format!("{span:?}").contains("a secret"));
}

#[tokio::test]
async fn outside_a_request_there_is_no_span() {
    let request = CapturedRequest::begin();
    insert(&sqlite().await, &["keep"]).await;
    assert!(request.spans().is_empty());
}

#[tokio::test]
async fn a_failed_statement_tells_its_class_and_its_code() {
    let (db, request) = (sqlite().await, CapturedRequest::begin());
    insert(&db, &["keep"]).await;
    let again = sqlx::query("INSERT INTO orders (product) VALUES ('keep')").execute(&db);
    let error = request.run(again).await.unwrap_err();
    assert!(belvedere_sql::is_unique_violation(&error));

    let span = only_span(&request);
    assert_eq!(span.name, "INSERT orders");
    assert_eq!(span.status, Status::error("SQLITE_CONSTRAINT"));
    assert_eq!(attribute(&span, "error.type").unwrap(), "SQLITE_CONSTRAINT");
    assert_eq!(attribute(&span, "db.response.status_code").unwrap(), "2067");
    assert_eq!(
        attribute(&span, "db.query.text").unwrap(),
        "INSERT INTO orders (product) VALUES (?)"
    );
    assert_eq!(attribute(&span, "db.response.returned_rows"), None);
}

#[tokio::test]
async fn a_dropped_statement_ends_as_cancelled_and_is_no_error() {
    let (db, request) = (sqlite().await, CapturedRequest::begin());
    let forever =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n";
    let statement = sqlx::query(forever).fetch_one(&db);
    let limit = std::time::Duration::from_millis(50);
    let cut = request.run(tokio::time::timeout(limit, statement)).await;
    assert!(cut.is_err());

    let span = only_span(&request);
    assert_eq!(span.name, "SELECT n");
    assert_eq!(attribute(&span, "error.type").unwrap(), "cancelled");
    assert_eq!(span.status, Status::Unset);
}

#[tokio::test]
async fn a_stream_ends_its_span_with_its_last_row_or_when_enough_is_read() {
    let (db, request) = (sqlite().await, CapturedRequest::begin());
    insert(&db, &["keep", "spire"]).await;
    let query = || sqlx::query("SELECT id FROM orders");

    let mut rows = request.run(async { query().fetch(&db) }).await;
    while rows.next().await.transpose().unwrap().is_some() {}
    let span = only_span(&request);
    assert_eq!(span.parent.unwrap().span_id, request.context.span_id());
    assert_eq!(attribute(&span, "db.response.returned_rows").unwrap(), "2");

    let mut rows = request.run(async { query().fetch(&db) }).await;
    assert!(rows.next().await.unwrap().is_ok());
    assert!(request.spans().is_empty());
    drop(rows);
    let span = only_span(&request);
    assert_eq!(attribute(&span, "db.response.returned_rows").unwrap(), "1");
    assert_eq!(attribute(&span, "error.type"), None);
}

#[tokio::test]
async fn a_statement_that_gets_no_connection_has_a_span_too() {
    let (db, request) = (hasty().await, CapturedRequest::begin());
    let held = db.begin().await.unwrap();
    let error = request
        .run(sqlx::query("SELECT 1").execute(&db))
        .await
        .unwrap_err();
    assert!(belvedere_sql::is_unavailable(&error));
    let span = only_span(&request);
    assert_eq!(span.name, "SELECT");
    assert_eq!(span.status, Status::error("pool_timeout"));
    drop(held);
}
