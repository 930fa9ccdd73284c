use belvedere_sql::Db;
use belvedere_testing::{CapturedRequest, ThrowAwayPostgres};
use futures_util::{StreamExt, TryStreamExt};
use opentelemetry::trace::Status;
use sqlx::Postgres;

use crate::helpers::{attribute, connect, only_span};

const IN: &str = "COPY orders FROM STDIN";
const OUT: &str = "COPY orders TO STDOUT";

async fn start() -> (ThrowAwayPostgres, Db<Postgres>) {
    let server = ThrowAwayPostgres::start().unwrap();
    let db = connect(server.url()).await;
    let table = "CREATE TABLE orders (id BIGINT PRIMARY KEY, product TEXT)";
    sqlx::query(table).execute(&db).await.unwrap();
    (server, db)
}

#[tokio::test]
async fn rows_go_in_and_out_by_copy_and_are_seen() {
    let ((_server, db), request) = (start().await, CapturedRequest::begin());
    let work = async {
        assert_eq!(db.copy_in(IN, &b"1\tkeep\n2\tspire\n"[..]).await?, 2);
        let mut tx = db.begin().await?;
        assert_eq!(tx.copy_in(IN, &b"3\tfolly\n"[..]).await?, 1);
        let seen: Vec<_> = tx.copy_out(OUT).try_collect().await?;
        assert_eq!(seen.concat(), b"1\tkeep\n2\tspire\n3\tfolly\n");
        tx.rollback().await?;
        db.copy_out(OUT).try_collect::<Vec<_>>().await
    };
    assert_eq!(
        request.run(work).await.unwrap().concat(),
        b"1\tkeep\n2\tspire\n"
    );
    let spans = request.spans();
    let names: Vec<_> = spans.iter().map(|span| &*span.name).collect();
    let copy = "COPY orders";
    assert_eq!(names, [copy, "BEGIN", copy, copy, "ROLLBACK", copy]);
    assert_eq!(
        attribute(&spans[5], "db.response.returned_rows").unwrap(),
        "2"
    );
    assert_eq!(spans[5].parent.unwrap().span_id, request.context.span_id());
}

#[tokio::test]
async fn a_copy_that_fails_brings_nothing_in_and_tells_its_sqlstate() {
    let ((_server, db), request) = (start().await, CapturedRequest::begin());
    let twice = request
        .run(db.copy_in(IN, &b"1\tkeep\n1\tspire\n"[..]))
        .await;
    assert!(twice.is_err());
    assert_eq!(only_span(&request).status, Status::error("23505"));
    let broken = source_that_breaks();
    assert!(db.copy_in(IN, broken).await.is_err());
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM orders")
        .fetch_one(&db)
        .await
        .unwrap();
    assert_eq!(count, 0);
}

/// One row, and then an error.
fn source_that_breaks() -> impl tokio::io::AsyncRead + Unpin + Send {
    struct Broken(bool);
    impl tokio::io::AsyncRead for Broken {
        fn poll_read(
            mut self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
            buffer: &mut tokio::io::ReadBuf<'_>,
        ) -> std::task::Poll<std::io::Result<()>> {
            if std::mem::replace(&mut self.0, true) {
                return std::task::Poll::Ready(Err(std::io::Error::other("broken")));
            }
            buffer.put_slice(b"1\tkeep\n");
            std::task::Poll::Ready(Ok(()))
        }
    }
    Broken(false)
}

/// sqlx leaves a connection that cannot be used any more.
#[tokio::test]
async fn a_copy_that_nobody_reads_to_its_end_leaves_no_broken_connection() {
    let (_server, db) = start().await;
    let many = "COPY (SELECT generate_series(1, 100000)) TO STDOUT";
    for _ in 0..3 {
        let mut pieces = db.copy_out(many);
        assert!(pieces.next().await.unwrap().is_ok());
        drop(pieces);
        for wanted in 0..20_i64 {
            let got: i64 = sqlx::query_scalar("SELECT $1::bigint")
                .bind(wanted)
                .fetch_one(&db)
                .await
                .unwrap();
            assert_eq!(got, wanted);
        }
    }
}
