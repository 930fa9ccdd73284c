//! A PostgreSQL that can be ended, stopped and brought back, with a user who is nobody special.

use std::fs;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};
use belvedere_testing::ThrowAwayPostgres;
use rustix::process::{Pid, Signal, kill_process};

use crate::run::command;

/// The service's user and database.
const OWNER: &str = "shop";

pub(super) struct Postgres {
    server: ThrowAwayPostgres,
}

/// A session that somebody keeps open; it ends when this is dropped.
pub(super) struct Session(Child);

impl Postgres {
    pub(super) fn start() -> Result<Self> {
        let postgres = Self {
            server: ThrowAwayPostgres::server()?,
        };
        let admin = postgres.server.url();
        run(admin, "ALTER SYSTEM SET max_connections = 40")?;
        postgres.server.restart()?;
        run(admin, &format!("CREATE ROLE {OWNER} LOGIN"))?;
        run(admin, &format!("CREATE DATABASE {OWNER} OWNER {OWNER}"))?;
        run(admin, "CREATE ROLE report LOGIN IN ROLE pg_read_all_data")?;
        Ok(postgres)
    }

    /// As the service has it.
    pub(super) fn url(&self) -> String {
        self.url_of(OWNER)
    }

    /// The same database for somebody else.
    pub(super) fn url_of(&self, user: &str) -> String {
        let (_, host) = self.server.url().split_once('@').unwrap_or_default();
        let (host, _) = host.split_once('/').unwrap_or_default();
        format!("postgres://{user}@{host}/{OWNER}")
    }

    /// As the superuser.
    pub(super) fn admin_url(&self) -> String {
        self.url_of("belvedere")
    }

    /// One statement, as the superuser.
    pub(super) fn run(&self, statement: &str) -> Result<String> {
        run(&self.admin_url(), statement)
    }

    /// Sessions from now on may write again; this one has to ask for it.
    pub(super) fn let_write(&self) -> Result<()> {
        let reset = format!("ALTER DATABASE {OWNER} RESET default_transaction_read_only");
        let statement = format!("BEGIN READ WRITE; {reset}; COMMIT");
        self.run(&statement).map(drop)
    }

    pub(super) fn end_sessions_of(&self, user: &str) -> Result<()> {
        let statement = format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{user}'"
        );
        self.run(&statement).map(drop)
    }

    /// A session that says this and then stays.
    pub(super) fn session(&self, user: &str, statements: &str) -> Result<Session> {
        let mut psql = psql(&self.url_of(user));
        // It stays for as long as its input does, in whatever state the statements left it.
        psql.stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut child = psql.spawn().context("could not run psql")?;
        let input = child.stdin.as_mut().context("psql has no input")?;
        std::io::Write::write_all(input, format!("{statements}\n").as_bytes())?;
        Ok(Session(child))
    }

    /// The server and its sessions are gone at once.
    pub(super) fn kill(&self) -> Result<()> {
        Ok(kill_process(self.postmaster()?, Signal::QUIT)?)
    }

    /// The server and its sessions stand still.
    pub(super) fn stop_dead(&self) -> Result<Stopped> {
        let postmaster = self.postmaster()?;
        let mut pids = children(postmaster)?;
        pids.push(postmaster);
        pids.iter()
            .try_for_each(|pid| kill_process(*pid, Signal::STOP))?;
        Ok(Stopped(pids))
    }

    /// Brings it back, whatever became of it.
    pub(super) fn restart(&self) -> Result<()> {
        Ok(self.server.restart()?)
    }

    pub(super) fn is_up(&self) -> bool {
        self.run("SELECT 1").is_ok()
    }

    /// The one process that all others are children of.
    fn postmaster(&self) -> Result<Pid> {
        let child =
            self.run("SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'")?;
        let status = fs::read_to_string(format!("/proc/{}/status", child.trim()))?;
        let parent = status.lines().find_map(|line| line.strip_prefix("PPid:"));
        let parent = parent
            .context("the checkpointer has no parent")?
            .trim()
            .parse()?;
        Pid::from_raw(parent).context("the checkpointer has no parent")
    }
}

/// Processes that stand still; dropping this lets them go on.
pub(super) struct Stopped(Vec<Pid>);

impl Drop for Stopped {
    fn drop(&mut self) {
        for pid in &self.0 {
            // It may be gone by now.
            let _ = kill_process(*pid, Signal::CONT);
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // The server may have ended it already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn psql(url: &str) -> Command {
    let mut psql = Command::new("psql");
    psql.args([url, "-X", "-q", "-v", "ON_ERROR_STOP=1"]);
    psql.env("PGCONNECT_TIMEOUT", "5");
    psql
}

fn run(url: &str, statement: &str) -> Result<String> {
    let mut psql = psql(url);
    Ok(command::capture(psql.args(["-At", "-c", statement]))?.stdout)
}

fn children(of: Pid) -> Result<Vec<Pid>> {
    let of = of.as_raw_nonzero();
    let listed = fs::read_to_string(format!("/proc/{of}/task/{of}/children"))?;
    let pids = listed
        .split_whitespace()
        .filter_map(|pid| Pid::from_raw(pid.parse().ok()?));
    Ok(pids.collect())
}
