//! One generated service and what it needs to run.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Result;
use belvedere_testing::{ThrowAwayPostgres, ThrowAwayRedis};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::checkout::Checkout;
use crate::generate::{Around, Generation, Source};
use crate::interrupt;
use crate::run::command;
use crate::run::http::Call;
use crate::run::service::{Launch, Service};
use crate::tools;

/// A service that is not ready by then has a problem, not a slow machine.
const READY_LIMIT: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(crate) struct Preset {
    /// Its own name: presets share a target directory.
    pub(crate) name: String,
    pub(crate) database: &'static str,
    pub(crate) folder: PathBuf,
    target: PathBuf,
    server: Option<ThrowAwayPostgres>,
    redis: Option<ThrowAwayRedis>,
    #[expect(dead_code, reason = "held for its drop")]
    around: TempDir,
}

impl Preset {
    pub(crate) fn generate(checkout: &Checkout, database: &'static str) -> Result<Self> {
        let around = tempfile::tempdir()?;
        let name = format!("{database}-preset");
        let generation = Generation {
            name: &name,
            database,
            redis: shares(database),
            grpc: shares(database),
            jobs: true,
            destination: around.path(),
            source: Source::Checkout(checkout.clone()),
            around: Around::Untouched,
        };
        Ok(Self {
            folder: generation.run()?,
            server: server_for(database)?,
            redis: redis_for(database)?,
            target: checkout.target(),
            name,
            database,
            around,
        })
    }

    /// What `db.system.name` says.
    pub(crate) fn system(&self) -> &'static str {
        match self.database {
            "postgres" => "postgresql",
            other => other,
        }
    }

    /// Cargo in the service's folder, with the database its tests need.
    pub(crate) fn cargo(&self, args: &[&str]) -> Command {
        let mut cargo = command::cargo(&self.folder, &self.target);
        cargo.args(args).env_remove("DATABASE_URL");
        if let Some(server) = &self.server {
            cargo.env("DATABASE_URL", server.url());
        }
        cargo
    }

    /// The built service on free ports.
    pub(crate) fn launch(&self) -> Launch {
        let binary = self.target.join("debug").join(&self.name);
        let launch = Launch::new(binary, &self.folder).on_free_ports();
        let launch = match &self.server {
            Some(server) => launch.env("DATABASE_URL", server.url()),
            None => launch,
        };
        match &self.redis {
            Some(redis) => launch.env("REDIS_URL", redis.url()),
            None => launch,
        }
    }

    /// Where its PostgreSQL is, if it has one.
    pub(crate) fn database_url(&self) -> Option<String> {
        self.server.as_ref().map(|server| server.url().to_owned())
    }

    /// The body of `/health/ready` when all is well.
    pub(crate) fn ready(&self) -> Value {
        let mut checks = json!({ "database": "ok" });
        if self.redis.is_some() {
            checks["redis"] = "ok".into();
        }
        json!({ "status": "ready", "checks": checks })
    }
}

fn server_for(database: &str) -> Result<Option<ThrowAwayPostgres>> {
    if database != "postgres" {
        return Ok(None);
    }
    let given = std::env::var("DATABASE_URL").is_ok_and(|url| url.starts_with("postgres"));
    if !given {
        tools::ensure("postgresql")?;
    }
    Ok(Some(ThrowAwayPostgres::start()?))
}

/// The preset that runs on several machines is the one with Redis, and others call it by gRPC.
fn shares(database: &str) -> bool {
    database == "postgres"
}

fn redis_for(database: &str) -> Result<Option<ThrowAwayRedis>> {
    if !shares(database) {
        return Ok(None);
    }
    tools::ensure("redis-server")?;
    Ok(Some(ThrowAwayRedis::start()?))
}

/// Starts the service; returns it with the time from `exec` to a ready answer.
pub(crate) fn start_until_ready(launch: &Launch) -> Result<(Service, Duration)> {
    let began = Instant::now();
    let service = launch.start()?;
    loop {
        let answer = Call::get("/health/ready").send(service.http)?;
        if answer.status == 200 {
            return Ok((service, began.elapsed()));
        }
        if began.elapsed() > READY_LIMIT {
            anyhow::bail!("not ready after {READY_LIMIT:?}: {}", answer.text());
        }
        interrupt::pause(Duration::from_millis(5))?;
    }
}
