use belvedere_core::AsFailure;
use belvedere_sql::{QueryError, QueryResultExt};
use belvedere_testing::ThrowAwayPostgres;
use sqlx::{Postgres, Sqlite};

use crate::helpers::connect;

const SCHEMA: &str = "
    CREATE TABLE users (id BIGINT PRIMARY KEY, email TEXT NOT NULL, CONSTRAINT users_email UNIQUE (email));
    CREATE TABLE orders (
        id BIGINT PRIMARY KEY,
        buyer BIGINT CONSTRAINT orders_buyer REFERENCES users (id),
        quantity BIGINT CONSTRAINT orders_quantity CHECK (quantity > 0)
    );
    INSERT INTO users VALUES (1, 'ada@example.com');
";

/// What a caller is told.
fn told(error: &QueryError) -> (u16, &'static str) {
    let failure = error.as_failure();
    (failure.status, failure.code)
}

/// What each of these statements is told as, by a call site that names every constraint.
macro_rules! tell {
    ($db:expr, $sql:literal) => {{
        let outcome = sqlx::query($sql).execute($db).await;
        let outcome = outcome
            .conflict_on("users_email", "email_taken")
            .invalid_on("orders_buyer", "unknown_buyer")
            .invalid_on("orders_quantity", "quantity_not_positive")
            .or_not_found("never");
        told(&outcome.unwrap_err())
    }};
}

macro_rules! every_constraint {
    ($db:expr) => {{
        sqlx::raw_sql(SCHEMA).execute($db).await.unwrap();
        assert_eq!(
            tell!($db, "INSERT INTO users VALUES (2, 'ada@example.com')"),
            (409, "email_taken")
        );
        assert_eq!(
            tell!($db, "INSERT INTO orders VALUES (1, 7, 1)"),
            (422, "unknown_buyer")
        );
        assert_eq!(
            tell!($db, "INSERT INTO orders VALUES (1, 1, 0)"),
            (422, "quantity_not_positive")
        );
        let unnamed = sqlx::query("INSERT INTO users VALUES (2, 'ada@example.com')")
            .execute($db)
            .await;
        let unnamed = unnamed
            .conflict_on("orders_id", "order_exists")
            .unwrap_err();
        assert_eq!(told(&unnamed), (500, "internal_server_error"));

        let none = || sqlx::query("SELECT id FROM users WHERE id = 7").fetch_one($db);
        let asked = none().await.or_not_found("user_not_found").unwrap_err();
        assert_eq!(told(&asked), (404, "user_not_found"));
        let not_asked = none()
            .await
            .conflict_on("users_email", "email_taken")
            .unwrap_err();
        assert_eq!(told(&not_asked), (500, "internal_server_error"));
    }};
}

#[tokio::test]
async fn a_violation_is_told_by_the_constraint_that_the_call_site_names() {
    let server = ThrowAwayPostgres::start().unwrap();
    let db = connect::<Postgres>(server.url()).await;
    every_constraint!(&db);
}

/// It is a valid JSON string, and nobody before the database objects to it.
#[tokio::test]
async fn a_text_that_cannot_be_stored_is_the_callers_mistake() {
    let server = ThrowAwayPostgres::start().unwrap();
    let db = connect::<Postgres>(server.url()).await;
    for (sql, text) in [
        ("SELECT $1::text", "a\0b"),
        ("SELECT $1::text::jsonb", r#""\u0000""#),
    ] {
        let error = sqlx::query(sql).bind(text).execute(&db).await.unwrap_err();
        assert_eq!(told(&error.into()), (422, "invalid_text"));
    }
    let other = sqlx::query("SELECT 1 / 0").execute(&db).await.unwrap_err();
    assert_eq!(told(&other.into()).0, 500);
}

#[tokio::test]
async fn sqlite_tells_the_same_of_a_table_with_one_constraint_of_a_kind() {
    let db = connect::<Sqlite>("sqlite::memory:").await;
    every_constraint!(&db);
}
