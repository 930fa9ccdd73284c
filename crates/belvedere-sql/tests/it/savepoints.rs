use belvedere_sql::Tx;
use belvedere_testing::{CapturedRequest, ThrowAwayPostgres};
use sqlx::{Error, Postgres, Sqlite};

use crate::helpers::{connect, insert, names, sqlite};

const COUNT: &str = "SELECT count(*) FROM orders";

async fn add(tx: &mut Tx<Sqlite>, product: &str) -> Result<(), Error> {
    let query = sqlx::query("INSERT INTO orders (product) VALUES (?)");
    query.bind(product).execute(tx).await.map(drop)
}

#[tokio::test]
async fn a_part_is_kept_or_taken_back_alone_at_any_depth() {
    let (db, request) = (sqlite().await, CapturedRequest::begin());
    insert(&db, &["keep"]).await;
    let work = async {
        let mut tx = db.begin().await?;
        let mut kept = tx.begin().await?;
        add(&mut kept, "spire").await?;
        let mut taken_back = kept.begin().await?;
        add(&mut taken_back, "folly").await?;
        taken_back.rollback().await?;
        kept.commit().await?;
        let mut dropped = tx.begin().await?;
        add(&mut dropped, "ruin").await?;
        drop(dropped);
        tx.commit().await
    };
    request.run(work).await.unwrap();
    let names = names(&request);
    let wanted = [
        "BEGIN",
        "SAVEPOINT",
        "INSERT orders",
        "SAVEPOINT",
        "INSERT orders",
        "ROLLBACK",
        "RELEASE",
        "SAVEPOINT",
        "INSERT orders",
        "COMMIT",
    ];
    assert_eq!(names, wanted);
    let products = "SELECT product FROM orders ORDER BY id";
    let products: Vec<String> = sqlx::query_scalar(products).fetch_all(&db).await.unwrap();
    assert_eq!(products, ["keep", "spire"]);
}

#[tokio::test]
async fn a_transaction_goes_on_after_a_part_of_it_has_failed() {
    let server = ThrowAwayPostgres::start().unwrap();
    let db = connect::<Postgres>(server.url()).await;
    let table = "CREATE TABLE orders (id BIGSERIAL PRIMARY KEY, product TEXT UNIQUE)";
    sqlx::query(table).execute(&db).await.unwrap();
    let insert = "INSERT INTO orders (product) VALUES ('keep')";
    let mut tx = db.begin().await.unwrap();
    sqlx::query(insert).execute(&mut tx).await.unwrap();
    let mut part = tx.begin().await.unwrap();
    assert!(sqlx::query(insert).execute(&mut *part).await.is_err());
    part.rollback().await.unwrap();
    tx.commit().await.unwrap();
    let count: i64 = sqlx::query_scalar(COUNT).fetch_one(&db).await.unwrap();
    assert_eq!(count, 1);
}
