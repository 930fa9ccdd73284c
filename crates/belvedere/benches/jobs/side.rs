use std::{
    net::SocketAddr,
    process::Command,
    time::{Duration, Instant},
};

use belvedere_testing::ThrowAwayPostgres;
use futures_util::future::join_all;
use sqlx::PgPool;

use super::{
    SERVES,
    apart::{Process, free_addr},
    collector::Collector,
    service::{AT_ONCE, PATH},
};

/// Jobs are stored for then: until they are hurried nobody runs them.
pub(super) const LATER: Duration = Duration::from_secs(24 * 3600);
/// What was stored is due, in a table without anything dead in it.
const HURRY: &str = "CREATE TEMP TABLE stored AS SELECT name, queue, payload, metadata FROM jobs; \
    TRUNCATE jobs; \
    INSERT INTO jobs (name, queue, payload, metadata, run_at) SELECT *, now() FROM stored; \
    DROP TABLE stored";
const LEFT: &str = "SELECT EXISTS (SELECT FROM jobs)";
/// Seldom enough to cost nothing beside what is measured.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Under valgrind, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(300);

/// How much of it is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// Every signal is off: the same library, and the same loop.
    Unseen,
    /// Every signal is on, one trace in a hundred.
    Sampled,
    /// Every signal is on, every trace.
    Full,
}

impl Side {
    pub(super) const ALL: [Self; 3] = [Self::Unseen, Self::Sampled, Self::Full];

    const fn settings(self) -> &'static [(&'static str, &'static str)] {
        const SAMPLER: (&str, &str) = ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio");
        match self {
            Self::Unseen => &[
                ("PROMETHEUS__IS_ENABLED", "false"),
                ("LOG__LEVEL", "off"),
                ("OTEL_SDK_DISABLED", "true"),
            ],
            Self::Sampled => &[SAMPLER, ("OTEL_TRACES_SAMPLER_ARG", "0.01")],
            Self::Full => &[SAMPLER, ("OTEL_TRACES_SAMPLER_ARG", "1.0")],
        }
    }
}

/// A database for processes of one side.
pub(super) struct Place {
    pub(super) side: Side,
    pool: PgPool,
    server: ThrowAwayPostgres,
    endpoint: String,
}

impl Place {
    pub(super) async fn of(side: Side, collector: &Collector) -> Self {
        let server = tokio::task::spawn_blocking(ThrowAwayPostgres::start);
        let server = server.await.expect("it does not panic");
        let server = server.expect("PostgreSQL is there");
        let pool = PgPool::connect(server.url()).await;
        Self {
            side,
            pool: pool.expect("it is up"),
            server,
            endpoint: collector.endpoint.clone(),
        }
    }

    /// What stores jobs, once it answers.
    pub(super) async fn front(&self, wrapper: &[String]) -> Front {
        let addr = free_addr();
        let process = Process::start(wrapper, |command| {
            self.settle(command);
            command
                .env("HTTP__ADDR", addr.to_string())
                .env("JOBS__IN_SERVICE", "false");
        });
        let client = reqwest::Client::new();
        let front = Front {
            process,
            addr,
            client,
        };
        front.wait().await;
        front
    }

    pub(super) fn worker(&self, wrapper: &[String]) -> Process {
        Process::start(wrapper, |command| {
            self.settle(command);
            command.arg("worker");
        })
    }

    fn settle(&self, command: &mut Command) {
        command
            .env(SERVES, "1")
            .env("DATABASE_URL", self.server.url())
            .env("ADMIN__ADDR", "127.0.0.1:0")
            .env("SHUTDOWN__DRAIN_SECONDS", "0")
            .env("STARTUP__TIMEOUT_SECONDS", "120")
            .env("JOBS__POLL_SECONDS", "0.05")
            .env("JOBS__LEASE_SECONDS", "300")
            .env("JOBS__CONCURRENCY", "32")
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", &self.endpoint)
            .env("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
            .env("OTEL_BSP_SCHEDULE_DELAY", "50")
            // All of them are to be paid for.
            .env("OTEL_BSP_MAX_QUEUE_SIZE", "65536")
            .envs(self.side.settings().iter().copied());
    }

    /// Forgets what was stored.
    pub(super) async fn clear(&self) {
        let cleared = sqlx::query("TRUNCATE jobs").execute(&self.pool).await;
        cleared.expect("the table is there");
    }

    /// Lets the worker run what was stored, and waits until nothing is left.
    pub(super) async fn run(&self) -> Duration {
        let hurried = sqlx::raw_sql(HURRY).execute(&self.pool).await;
        hurried.expect("the tables are there");
        let began = Instant::now();
        while sqlx::query_scalar(LEFT)
            .fetch_one(&self.pool)
            .await
            .expect("it is read")
        {
            assert!(began.elapsed() < PATIENCE, "nobody runs the jobs");
            tokio::time::sleep(LOOK_EVERY).await;
        }
        began.elapsed()
    }
}

/// What stores jobs.
pub(super) struct Front {
    pub(super) process: Process,
    addr: SocketAddr,
    client: reqwest::Client,
}

impl Front {
    /// So many, all in all, by `callers` at a time.
    pub(super) async fn store(&self, jobs: usize, callers: usize) -> Duration {
        let began = Instant::now();
        let callers = (0..callers).map(|_| async {
            for _ in 0..jobs / AT_ONCE / callers {
                self.ask().await.expect("it is up");
            }
        });
        join_all(callers).await;
        began.elapsed()
    }

    async fn ask(&self) -> reqwest::Result<()> {
        let url = format!("http://{}{PATH}", self.addr);
        let request = self.client.post(url);
        let request = request
            .header("x-tenant-id", "acme")
            .header("x-user-id", "ada");
        request.send().await?.error_for_status().map(drop)
    }

    async fn wait(&self) {
        let began = Instant::now();
        while self.ask().await.is_err() {
            assert!(began.elapsed() < PATIENCE, "it does not answer");
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}
