use std::time::{Duration, Instant};

use belvedere_core::HealthCheck;
use belvedere_sql::{ConnectError, Db, is_unavailable, is_unique_violation};
use belvedere_testing::{CapturedRequest, ThrowAwayPostgres};
use futures_util::TryStreamExt;
use opentelemetry::trace::Status;
use sqlx::Postgres;

use crate::helpers::{attribute, config, connect, only_span};

async fn start() -> (ThrowAwayPostgres, Db<Postgres>) {
    let server = ThrowAwayPostgres::start().unwrap_or_else(|error| panic!("{error}"));
    let db = connect(server.url()).await;
    let table = "CREATE TABLE orders (id BIGSERIAL PRIMARY KEY, product TEXT UNIQUE)";
    sqlx::query(table).execute(&db).await.unwrap();
    (server, db)
}

#[tokio::test]
async fn statements_transactions_and_streams_are_seen() {
    let ((_server, db), request) = (start().await, CapturedRequest::begin());
    let work = async {
        let mut tx = db.begin().await?;
        let insert = sqlx::query("INSERT INTO orders (product) VALUES ($1), ($2)");
        let inserted = insert.bind("keep").bind("spire").execute(&mut tx).await?;
        assert_eq!(inserted.rows_affected(), 2);
        tx.commit().await?;
        let ids = sqlx::query_scalar::<_, i64>("SELECT id FROM public.orders ORDER BY id");
        ids.fetch(&db).try_collect::<Vec<_>>().await
    };
    assert_eq!(request.run(work).await.unwrap(), [1, 2]);

    let spans = request.spans();
    let names: Vec<_> = spans.iter().map(|span| &*span.name).collect();
    assert_eq!(names, ["BEGIN", "INSERT orders", "COMMIT", "SELECT orders"]);
    let select = &spans[3];
    assert_eq!(attribute(select, "db.system.name").unwrap(), "postgresql");
    assert_eq!(attribute(select, "db.response.returned_rows").unwrap(), "2");
    assert_eq!(select.parent.unwrap().span_id, request.context.span_id());
}

#[tokio::test]
async fn a_failure_tells_its_sqlstate() {
    let ((_server, db), request) = (start().await, CapturedRequest::begin());
    let twice = "INSERT INTO orders (product) VALUES ('keep'), ('keep')";
    let error = request
        .run(sqlx::query(twice).execute(&db))
        .await
        .unwrap_err();
    assert!(is_unique_violation(&error) && !is_unavailable(&error));
    let span = only_span(&request);
    assert_eq!(span.status, Status::error("23505"));
    assert_eq!(
        attribute(&span, "db.response.status_code").unwrap(),
        "23505"
    );
}

#[tokio::test]
async fn the_server_knows_who_is_connected() {
    let (_server, db) = start().await;
    let name = "SELECT application_name FROM pg_stat_activity WHERE pid = pg_backend_pid()";
    let name: String = sqlx::query_scalar(name).fetch_one(&db).await.unwrap();
    assert!(name.starts_with("it"), "{name}");
}

#[tokio::test]
async fn broken_connections_are_replaced_and_a_database_that_is_gone_fails_the_check() {
    let (server, db) = start().await;
    let check = db.health_check();
    assert!(check.check().await.is_ok());
    let other = connect::<Postgres>(server.url()).await;
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
               WHERE datname = current_database() AND pid <> pg_backend_pid()";
    sqlx::query(end).execute(&other).await.unwrap();
    assert!(check.check().await.is_ok());

    other.close().await;
    drop(server);
    let error = sqlx::query("SELECT 1").execute(&db).await.unwrap_err();
    assert!(is_unavailable(&error), "{error}");
    assert!(check.check().await.is_err());
}

#[tokio::test]
async fn a_refused_user_fails_at_once() {
    let (server, _db) = start().await;
    let began = Instant::now();
    let (scheme, rest) = server.url().split_once("://").unwrap();
    let (_, host) = rest.rsplit_once('@').unwrap();
    let url = format!("{scheme}://nobody:wrong@{host}");
    let error = Db::<Postgres>::connect(&config(&url), Duration::from_secs(60))
        .await
        .unwrap_err();
    assert!(matches!(error, ConnectError::Refused { .. }), "{error}");
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_server_that_cannot_prove_who_it_is_is_not_waited_for_and_the_mend_is_named() {
    let server = ThrowAwayPostgres::start().unwrap_or_else(|error| panic!("{error}"));
    let url = format!("{}?sslmode=verify-full", server.url());
    let began = Instant::now();
    let refused = Db::<Postgres>::connect(&config(&url), Duration::from_secs(60)).await;
    let error = refused.unwrap_err();
    assert!(matches!(error, ConnectError::Untrusted { .. }), "{error:?}");
    assert!(error.to_string().contains("sslmode=disable"), "{error}");
    assert!(began.elapsed() < Duration::from_secs(30));
}
