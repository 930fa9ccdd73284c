//! The cache of prepared statements, and the tags that could spoil it.

use belvedere_core::{
    NewRequest, RequestContext,
    context::Route,
    trace::{Sampler, Tracer},
};
use belvedere_sql::{DatabaseConfig, Db};
use belvedere_testing::{CapturedSpans, ThrowAwayPostgres};
use sqlx::Postgres;
use std::{sync::Arc, time::Duration};

use crate::helpers::{config, open};

/// Both the statement and the place where it can be read as the server got it.
const ITSELF: &str = "SELECT query FROM pg_stat_activity WHERE pid = pg_backend_pid()";

/// On one connection, which keeps what it has prepared.
async fn start(tags: bool, traceparent: bool) -> (ThrowAwayPostgres, Db<Postgres>) {
    let server = ThrowAwayPostgres::start().unwrap();
    let separator = if server.url().contains('?') { '&' } else { '?' };
    let url = format!("{}{separator}application_name=shop", server.url());
    let config = DatabaseConfig {
        pool_size: 1,
        comment_tags: tags,
        comment_traceparent: traceparent,
        ..config(&url)
    };
    let db = open(&config).await;
    (server, db)
}

fn request(ratio: f64) -> Arc<RequestContext> {
    let spans = Arc::new(CapturedSpans::default());
    let tracer = Tracer::new(spans, Sampler::new(ratio, true), Duration::MAX);
    NewRequest::new(&Route::new("GET", "/v1/orders/{id}"), "/v1/orders/7").begin(&tracer)
}

async fn in_requests(db: &Db<Postgres>, ratio: f64, times: usize) -> String {
    let mut seen = String::new();
    for _ in 0..times {
        let itself = sqlx::query_scalar(ITSELF).fetch_one(db);
        seen = request(ratio).scope(itself).await.unwrap();
    }
    seen
}

/// How many statements the server has prepared for this one.
async fn prepared(db: &Db<Postgres>) -> i64 {
    let count =
        "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE 'SELECT query FROM%'";
    sqlx::query_scalar(count)
        .fetch_one(db.raw_pool())
        .await
        .unwrap()
}

#[tokio::test]
async fn by_default_a_statement_is_prepared_once_whether_or_not_its_traces_are_kept() {
    let (_server, db) = start(false, false).await;
    assert_eq!(in_requests(&db, 0.0, 30).await, ITSELF);
    assert_eq!(in_requests(&db, 1.0, 30).await, ITSELF);
    assert_eq!(prepared(&db).await, 1);
}

#[tokio::test]
async fn tags_name_application_and_route_and_keep_the_statement_prepared() {
    let (_server, db) = start(true, false).await;
    let seen = in_requests(&db, 1.0, 30).await;
    let tags = " /*application='shop',route='%2Fv1%2Forders%2F%7Bid%7D'*/";
    assert_eq!(seen.strip_prefix(ITSELF), Some(tags));
    assert_eq!(prepared(&db).await, 1);
}

#[tokio::test]
async fn a_traceparent_is_only_in_kept_traces_and_leaves_nothing_prepared() {
    let (_server, db) = start(true, true).await;
    let seen = in_requests(&db, 0.0, 5).await;
    assert!(!seen.contains("traceparent"), "{seen}");
    assert_eq!(prepared(&db).await, 1);
    let seen = in_requests(&db, 1.0, 30).await;
    let (_, traceparent) = seen.split_once(",traceparent='00-").unwrap();
    assert!(traceparent.ends_with("-01'*/"), "{seen}");
    assert_eq!(prepared(&db).await, 1);
}
