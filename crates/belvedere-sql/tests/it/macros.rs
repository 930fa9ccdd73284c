//! `query!` and its kin: their SQL is checked against `.sqlx` when this is compiled.

use belvedere_testing::{CapturedRequest, ThrowAwayPostgres};
use futures_util::TryStreamExt;
use sqlx::Postgres;

use crate::helpers::{connect, insert, only_span, sqlite};

#[derive(Debug, PartialEq)]
struct Order {
    id: i64,
    product: String,
}

fn keep() -> Order {
    Order {
        id: 1,
        product: "keep".to_owned(),
    }
}

#[tokio::test]
async fn statements_that_are_checked_when_compiled_are_seen_as_others_are() {
    let server = ThrowAwayPostgres::start().unwrap();
    let (db, request) = (
        connect::<Postgres>(server.url()).await,
        CapturedRequest::begin(),
    );
    let table = "CREATE TABLE orders (id BIGINT PRIMARY KEY, product TEXT NOT NULL)";
    sqlx::query(table).execute(&db).await.unwrap();
    let work = async {
        let mut tx = db.begin().await?;
        sqlx::query!("INSERT INTO orders VALUES ($1, $2)", 1, "keep")
            .execute(&mut tx)
            .await?;
        let row = sqlx::query!("SELECT product FROM orders WHERE id = $1", 1);
        assert_eq!(row.fetch_one(&mut tx).await?.product, "keep");
        tx.commit().await?;
        let all = sqlx::query_as!(Order, "SELECT id, product FROM orders");
        assert_eq!(all.fetch(&db).try_collect::<Vec<_>>().await?, [keep()]);
        let product = sqlx::query_scalar!("SELECT product FROM orders");
        product.fetch_optional(&db).await
    };
    assert_eq!(request.run(work).await.unwrap().as_deref(), Some("keep"));
    let spans = request.spans();
    let told = spans.iter().map(|span| {
        let rows = span.get("db.response.returned_rows");
        (&*span.name, rows.unwrap_or_default())
    });
    assert_eq!(
        told.collect::<Vec<_>>(),
        [
            ("BEGIN", ""),
            ("INSERT orders", ""),
            ("SELECT orders", "1"),
            ("COMMIT", ""),
            ("SELECT orders", "1"),
            ("SELECT orders", "1"),
        ]
    );
}

#[tokio::test]
async fn sqlite_takes_them_too() {
    let (db, request) = (sqlite().await, CapturedRequest::begin());
    insert(&db, &["keep"]).await;
    let order = sqlx::query_as!(
        Order,
        "SELECT id, product AS \"product!\" FROM orders WHERE product = ?",
        "keep"
    );
    let order = request.run(order.fetch_one(&db)).await.unwrap();
    assert_eq!(order, keep());
    assert_eq!(only_span(&request).name, "SELECT orders");
}
