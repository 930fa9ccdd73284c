use std::time::{Duration, Instant};

use belvedere_testing::{TestService, TestServiceBuilder, ThrowAwayPostgres};
use serde_json::json;
use sqlx::PgPool;

use crate::helpers::example;

/// Longer than anything takes here on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// A database for several processes, and a way to look into it.
pub(super) struct Store {
    pub(super) pool: PgPool,
    server: ThrowAwayPostgres,
}

impl Store {
    pub(super) async fn start() -> Self {
        let server = tokio::task::spawn_blocking(ThrowAwayPostgres::start);
        let server = server.await.unwrap().unwrap();
        let pool = PgPool::connect(server.url()).await.unwrap();
        Self { pool, server }
    }

    /// The example `errands` on it.
    pub(super) fn process(&self) -> TestServiceBuilder {
        TestService::builder(&example("errands"))
            .variable("DATABASE_URL", self.server.url())
            .variable("JOBS__POLL_SECONDS", "0.1")
            .variable("JOBS__LEASE_SECONDS", "1.5")
    }

    /// The same, which serves and leaves the work to others.
    pub(super) fn front(&self) -> TestService {
        let front = self.process().variable("JOBS__IN_SERVICE", "false");
        front.start().unwrap()
    }

    /// The same, which only works.
    pub(super) fn worker(&self) -> TestService {
        self.process().argument("worker").start().unwrap()
    }

    pub(super) async fn number(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&self.pool).await.unwrap()
    }

    /// Waits until a statement counts as much.
    pub(super) async fn wait_for(&self, sql: &'static str, number: i64) {
        self.wait_until(sql, |found| found == number).await;
    }

    /// The same, or more.
    pub(super) async fn wait_for_more(&self, sql: &'static str, number: i64) {
        self.wait_until(sql, |found| found >= number).await;
    }

    async fn wait_until(&self, sql: &'static str, is_enough: impl Fn(i64) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let found = self.number(sql).await;
            if is_enough(found) {
                return;
            }
            assert!(Instant::now() < deadline, "{sql}: {found}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// Asks for errands; returns the id of the request.
pub(super) async fn ask(service: &TestService, text: &str, count: u32) -> String {
    let body = json!({"text": text, "count": count});
    let answer = service.post("/errands", &body).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.text(), count.to_string());
    answer.request_id()
}
