use futures_util::TryStreamExt;
use sqlx::{AssertSqlSafe, QueryBuilder, Row, Sqlite};

use crate::helpers::{insert, sqlite};

#[derive(Debug, PartialEq, sqlx::FromRow)]
struct Order {
    id: i64,
    product: String,
}

fn towers() -> Vec<Order> {
    let products = ["keep", "spire"].into_iter();
    let orders = (1..).zip(products).map(|(id, product)| Order {
        id,
        product: product.to_owned(),
    });
    orders.collect()
}

/// All ways of sqlx to run a query, on anything that `$executor` is.
macro_rules! every_way {
    ($executor:expr) => {{
        let mut insert = QueryBuilder::<Sqlite>::new("INSERT INTO orders (product) ");
        insert.push_values(["keep", "spire"], |mut row, product| {
            row.push_bind(product);
        });
        let inserted = insert.build().execute($executor).await.unwrap();
        assert_eq!(inserted.rows_affected(), 2);

        let all = "SELECT id, product FROM orders ORDER BY id";
        let orders: Vec<Order> = sqlx::query_as(all).fetch_all($executor).await.unwrap();
        assert_eq!(orders, towers());
        let streamed = sqlx::query_as::<_, Order>(all).fetch($executor);
        assert_eq!(streamed.try_collect::<Vec<_>>().await.unwrap(), towers());

        let one = sqlx::query("SELECT product FROM orders WHERE id = ?").bind(2);
        let row = one.fetch_one($executor).await.unwrap();
        assert_eq!(row.get::<&str, _>(0), "spire");
        let none = sqlx::query("SELECT 1 FROM orders WHERE id = ?").bind(3);
        assert!(none.fetch_optional($executor).await.unwrap().is_none());

        let count = AssertSqlSafe(format!("SELECT count(*) FROM {}", "orders"));
        let count: i64 = sqlx::query_scalar(count)
            .fetch_one($executor)
            .await
            .unwrap();
        assert_eq!(count, 2);

        let batch =
            sqlx::raw_sql("UPDATE orders SET product = 'a' WHERE id = 1; DELETE FROM orders");
        assert_eq!(batch.execute($executor).await.unwrap().rows_affected(), 3);
    }};
}

#[tokio::test]
async fn a_pool_runs_all_that_sqlx_can() {
    let db = sqlite().await;
    every_way!(&db);
}

#[tokio::test]
async fn a_transaction_runs_all_that_sqlx_can() {
    let db = sqlite().await;
    let mut tx = db.begin().await.unwrap();
    every_way!(&mut tx);
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn no_row_is_an_answer_of_fetch_one_as_in_sqlx() {
    let db = sqlite().await;
    let none = sqlx::query("SELECT 1 FROM orders").fetch_one(&db).await;
    assert!(matches!(none, Err(sqlx::Error::RowNotFound)));
}

/// A handler's future is `Send`, and generic code needs no bound but `Backend`.
#[tokio::test]
async fn futures_move_between_threads() {
    let db = sqlite().await;
    insert(&db, &["keep"]).await;
    let work = async move {
        let mut tx = db.begin().await?;
        let rows: Vec<_> = sqlx::query("SELECT * FROM orders")
            .fetch(&mut tx)
            .try_collect()
            .await?;
        tx.rollback().await?;
        Ok::<_, sqlx::Error>(rows.len())
    };
    assert_eq!(spawnable(work).await.unwrap(), 1);
}

fn spawnable<F: Future + Send + 'static>(work: F) -> F {
    work
}

#[tokio::test]
async fn a_stream_may_outlive_the_function_that_began_it() {
    let db = sqlite().await;
    insert(&db, &["keep"]).await;
    let begin = |db: belvedere_sql::Db<Sqlite>| sqlx::query("SELECT * FROM orders").fetch(db);
    let rows: Vec<_> = begin(db.clone()).try_collect().await.unwrap();
    assert_eq!(rows.len(), 1);
}
