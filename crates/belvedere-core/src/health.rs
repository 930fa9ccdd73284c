//! Health: checks run in the background, endpoints read cached verdicts.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{sync::Notify, task::JoinSet, time};

use crate::{BoxFuture, Shutdown, names::metric};

/// How often a check runs, give or take [`JITTER`].
const INTERVAL: Duration = Duration::from_secs(5);
/// Spreads the checks of many replicas.
const JITTER: f64 = 0.2;
/// How long a check may take.
const TIME_LIMIT: Duration = Duration::from_secs(1);
/// A verdict older than this says nothing any more.
const STALE_AFTER: Duration = Duration::from_secs(15);
/// How often the runtime proves that it still runs tasks.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// A runtime that was silent for longer is wedged.
const WEDGED_AFTER: Duration = Duration::from_secs(10);

/// A dependency can be asked whether it works.
pub trait HealthCheck: fmt::Debug + Send + Sync + 'static {
    /// Its key in the body of `/health/ready` and in `dependency_up`.
    fn name(&self) -> &'static str;

    /// Whether the service is not ready without it. Default: it is not.
    fn is_critical(&self) -> bool {
        true
    }

    /// Asks once. Cancelled after one second; never runs twice at a time.
    fn check(&self) -> BoxFuture<'_, Result<(), CheckFailure>>;
}

/// The dependency does not work. The source is logged, never shown.
#[derive(Debug, thiserror::Error)]
#[error("unavailable")]
pub struct CheckFailure(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// What is known of a dependency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Verdict {
    /// It answered.
    Ok,
    /// It did not answer within a second.
    Timeout,
    /// It answered with an error, or not at all.
    Unavailable,
    /// Nothing has been heard of it for 15 s.
    Stale,
}

impl Verdict {
    /// As in the body of `/health/ready`: a class, never an error text.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Timeout => "error: timeout",
            Self::Unavailable => "error: unavailable",
            Self::Stale => "error: stale",
        }
    }

    const fn from_u8(value: u8) -> Self {
        match value {
            0 => Self::Ok,
            1 => Self::Timeout,
            2 => Self::Unavailable,
            _ => Self::Stale,
        }
    }
}

/// Whether traffic should come here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadyStatus {
    /// Everything works.
    Ready,
    /// Something that is not critical does not work.
    Degraded,
    /// Something critical does not work, or the end has begun.
    NotReady,
}

impl ReadyStatus {
    /// As in the body of `/health/ready`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Degraded => "degraded",
            Self::NotReady => "not_ready",
        }
    }
}

/// A snapshot of all verdicts.
#[derive(Debug)]
pub struct Readiness {
    /// The sum of it.
    pub status: ReadyStatus,
    /// Each check, in the order of registration.
    pub checks: Vec<(&'static str, Verdict)>,
}

/// The state of the process and of what it depends on. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Health(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    checks: Vec<Watched>,
    born: Instant,
    heartbeat: AtomicU64,
    started: AtomicBool,
    /// A critical task has ended.
    is_maimed: AtomicBool,
    maimed: Notify,
    shutdown: Shutdown,
}

#[derive(Debug)]
struct Watched {
    check: Box<dyn HealthCheck>,
    verdict: AtomicU8,
    /// Milliseconds since `born`.
    at: AtomicU64,
}

/// Keeps the checks running; dropping it ends them.
#[derive(Debug)]
#[must_use = "dropping it ends the checks"]
pub struct HealthWatch(#[expect(dead_code, reason = "held for its drop")] JoinSet<()>);

impl Health {
    /// Knows nothing yet: every check is stale until [`Health::watch`] has run it.
    pub fn new(checks: Vec<Box<dyn HealthCheck>>, shutdown: Shutdown) -> Self {
        let checks = checks.into_iter().map(Watched::new).collect();
        Self(Arc::new(Inner {
            checks,
            born: Instant::now(),
            heartbeat: AtomicU64::new(0),
            started: AtomicBool::new(false),
            is_maimed: AtomicBool::new(false),
            maimed: Notify::new(),
            shutdown,
        }))
    }

    /// Runs every check once, then keeps each running in the background, beside the runtime's heartbeat.
    pub async fn watch(&self) -> HealthWatch {
        let mut first: JoinSet<()> =
            self.each(|health, at| async move { health.run_once(at).await });
        while first.join_next().await.is_some() {}
        let mut tasks = self.each(|health, at| async move { health.run_forever(at).await });
        tasks.spawn(self.clone().beat());
        HealthWatch(tasks)
    }

    /// What `/health/ready` tells, read from the cache.
    pub fn readiness(&self) -> Readiness {
        let now = self.millis();
        let verdicts = self
            .0
            .checks
            .iter()
            .map(|watched| (watched, watched.verdict(now)));
        let mut status = ReadyStatus::Ready;
        let mut checks = Vec::with_capacity(self.0.checks.len());
        for (watched, verdict) in verdicts {
            status = worse(status, verdict, watched.check.is_critical());
            checks.push((watched.check.name(), verdict));
        }
        if self.0.shutdown.is_draining() || !self.is_started() {
            status = ReadyStatus::NotReady;
        }
        Readiness { status, checks }
    }

    /// Start-up has finished.
    pub fn mark_started(&self) {
        self.0.started.store(true, Ordering::Release);
        self.tell_ready();
    }

    /// What `/health/startup` tells.
    pub fn is_started(&self) -> bool {
        self.0.started.load(Ordering::Acquire)
    }

    /// What `/health/live` tells: false only when the runtime has run no task for 10 s, or a critical one has ended.
    pub fn is_live(&self) -> bool {
        let last = self.0.heartbeat.load(Ordering::Relaxed);
        let beats = self.millis().saturating_sub(last) <= millis(WEDGED_AFTER);
        (beats || !self.is_started()) && !self.0.is_maimed.load(Ordering::Relaxed)
    }

    /// To be held by a task without which the process is of no use. When it is dropped before the shutdown has begun, by
    /// an end or a panic, the process is live no more, and whoever watches it starts it anew.
    pub fn critical_task(&self, name: &'static str) -> CriticalTask {
        CriticalTask {
            health: self.clone(),
            name,
        }
    }

    /// Resolves when a critical task has ended.
    pub async fn maimed(&self) {
        loop {
            let told = self.0.maimed.notified();
            if self.0.is_maimed.load(Ordering::SeqCst) {
                return;
            }
            told.await;
        }
    }

    fn each<F, W>(&self, work: F) -> JoinSet<()>
    where
        F: Fn(Self, usize) -> W,
        W: Future<Output = ()> + Send + 'static,
    {
        let works = (0..self.0.checks.len()).map(|at| work(self.clone(), at));
        works.collect()
    }

    async fn run_forever(self, at: usize) {
        loop {
            time::sleep(INTERVAL.mul_f64(1.0 + JITTER * (fastrand::f64() - 0.5))).await;
            self.run_once(at).await;
        }
    }

    async fn run_once(&self, at: usize) {
        let watched = &self.0.checks[at];
        let name = watched.check.name();
        let answer = time::timeout(TIME_LIMIT, watched.check.check()).await;
        let (verdict, error) = match answer {
            Ok(Ok(())) => (Verdict::Ok, None),
            Ok(Err(CheckFailure(source))) => (Verdict::Unavailable, Some(source.to_string())),
            Err(_) => (Verdict::Timeout, None),
        };
        let before = watched.verdict.swap(verdict as u8, Ordering::Relaxed);
        tell_change(name, Verdict::from_u8(before), verdict, error.as_deref());
        watched.at.store(self.millis(), Ordering::Release);
        metrics::gauge!(metric::DEPENDENCY_UP, "dependency" => name)
            .set(f64::from(u8::from(verdict == Verdict::Ok)));
        self.tell_ready();
    }

    async fn beat(self) {
        let mut ticks = time::interval(HEARTBEAT);
        loop {
            ticks.tick().await;
            self.0.heartbeat.store(self.millis(), Ordering::Relaxed);
        }
    }

    fn tell_ready(&self) {
        let ready = self.readiness().status != ReadyStatus::NotReady;
        metrics::gauge!(metric::SERVICE_READY).set(f64::from(u8::from(ready)));
    }

    fn millis(&self) -> u64 {
        millis(self.0.born.elapsed())
    }
}

/// See [`Health::critical_task`].
#[derive(Debug)]
#[must_use = "dropping it says that the task has ended"]
pub struct CriticalTask {
    health: Health,
    name: &'static str,
}

impl Drop for CriticalTask {
    fn drop(&mut self) {
        let inner = &self.health.0;
        if !inner.shutdown.is_draining() {
            inner.is_maimed.store(true, Ordering::SeqCst);
            inner.maimed.notify_waiters();
            crate::critical!(task = self.name, "critical_task_ended");
        }
    }
}

/// Once for each change: a dependency that stays away is told by its gauge, not by the log. That it works from the start
/// is no news.
fn tell_change(dependency: &str, before: Verdict, now: Verdict, error: Option<&str>) {
    let verdict = now.as_str();
    match (before, now) {
        (before, now) if before == now => {}
        (Verdict::Stale, Verdict::Ok) => {}
        (_, Verdict::Ok) => tracing::info!(dependency, verdict, "health_check_changed"),
        _ => tracing::warn!(dependency, verdict, error, "health_check_changed"),
    }
}

impl Watched {
    fn new(check: Box<dyn HealthCheck>) -> Self {
        Self {
            check,
            verdict: AtomicU8::new(Verdict::Stale as u8),
            at: AtomicU64::new(0),
        }
    }

    fn verdict(&self, now: u64) -> Verdict {
        let at = self.at.load(Ordering::Acquire);
        if now.saturating_sub(at) > millis(STALE_AFTER) {
            return Verdict::Stale;
        }
        Verdict::from_u8(self.verdict.load(Ordering::Relaxed))
    }
}

const fn worse(so_far: ReadyStatus, verdict: Verdict, critical: bool) -> ReadyStatus {
    match (verdict, critical, so_far) {
        (Verdict::Ok, _, status) => status,
        (_, true, _) | (_, _, ReadyStatus::NotReady) => ReadyStatus::NotReady,
        _ => ReadyStatus::Degraded,
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
