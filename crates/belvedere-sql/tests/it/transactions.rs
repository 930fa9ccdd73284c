use std::time::Duration;

use sqlx::Sqlite;
use tempfile::TempDir;

use belvedere_testing::CapturedRequest;

use crate::helpers::{connect, insert, names, sqlite, with_orders};

const COUNT: &str = "SELECT count(*) FROM orders";

#[tokio::test]
async fn begin_and_commit_and_what_is_between_are_siblings() {
    let (db, request) = (sqlite().await, CapturedRequest::begin());
    let work = async {
        let mut tx = db.begin().await?;
        sqlx::query("INSERT INTO orders (product) VALUES ('keep')")
            .execute(&mut tx)
            .await?;
        sqlx::query(COUNT).fetch_one(&mut tx).await?;
        tx.commit().await
    };
    request.run(work).await.unwrap();
    let spans = request.spans();
    let names: Vec<_> = spans.iter().map(|span| &*span.name).collect();
    assert_eq!(names, ["BEGIN", "INSERT orders", "SELECT orders", "COMMIT"]);
    for span in spans {
        assert_eq!(span.parent.unwrap().span_id, request.context.span_id());
    }
    let count: i64 = sqlx::query_scalar(COUNT).fetch_one(&db).await.unwrap();
    assert_eq!(count, 1);
}

#[tokio::test]
async fn a_transaction_that_is_dropped_or_rolled_back_leaves_nothing() {
    let (db, request) = (sqlite().await, CapturedRequest::begin());
    for says_so in [true, false] {
        let mut tx = db.begin().await.unwrap();
        sqlx::query("INSERT INTO orders (product) VALUES ('keep')")
            .execute(&mut tx)
            .await
            .unwrap();
        if says_so {
            request.run(tx.rollback()).await.unwrap();
            assert_eq!(names(&request), ["ROLLBACK"]);
        }
    }
    let count: i64 = sqlx::query_scalar(COUNT).fetch_one(&db).await.unwrap();
    assert_eq!(count, 0);
}

/// With a deferred `BEGIN` one of the two fails at once with SQLITE_BUSY.
#[tokio::test]
async fn writers_of_one_file_that_read_first_wait_for_each_other() {
    let directory = TempDir::new().unwrap();
    let url = format!("sqlite://{}/shop.db", directory.path().display());
    let db = with_orders(connect::<Sqlite>(&url).await).await;
    insert(&db, &["0"]).await;
    let add_one = async || {
        let mut tx = db.begin().await?;
        let count: i64 = sqlx::query_scalar(COUNT).fetch_one(&mut tx).await?;
        tokio::time::sleep(Duration::from_millis(50)).await;
        let insert = sqlx::query("INSERT INTO orders (product) VALUES (?)");
        insert.bind(count.to_string()).execute(&mut tx).await?;
        tx.commit().await
    };
    let both = tokio::join!(add_one(), add_one());
    assert!(matches!(both, (Ok(()), Ok(()))), "{both:?}");
    db.close().await;
}

#[tokio::test]
async fn migrations_are_applied_once() {
    let directory = TempDir::new().unwrap();
    let table = "CREATE TABLE stock (product TEXT PRIMARY KEY);";
    std::fs::write(directory.path().join("1_stock.sql"), table).unwrap();
    let migrator = sqlx::migrate::Migrator::new(directory.path())
        .await
        .unwrap();
    let db = sqlite().await;
    for _ in 0..2 {
        db.migrate(&migrator).await.unwrap();
    }
    sqlx::query("SELECT * FROM stock")
        .fetch_all(&db)
        .await
        .unwrap();
}
