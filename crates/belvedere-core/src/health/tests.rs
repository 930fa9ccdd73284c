use super::*;

#[derive(Debug)]
struct Fake {
    critical: bool,
    answer: fn() -> BoxFuture<'static, Result<(), CheckFailure>>,
}

impl HealthCheck for Fake {
    fn name(&self) -> &'static str {
        if self.critical { "database" } else { "redis" }
    }

    fn is_critical(&self) -> bool {
        self.critical
    }

    fn check(&self) -> BoxFuture<'_, Result<(), CheckFailure>> {
        (self.answer)()
    }
}

fn fine() -> BoxFuture<'static, Result<(), CheckFailure>> {
    Box::pin(async { Ok(()) })
}

fn broken() -> BoxFuture<'static, Result<(), CheckFailure>> {
    Box::pin(async { Err(CheckFailure("secret host".into())) })
}

fn hung() -> BoxFuture<'static, Result<(), CheckFailure>> {
    Box::pin(std::future::pending())
}

async fn readiness(
    critical: bool,
    answer: fn() -> BoxFuture<'static, Result<(), CheckFailure>>,
) -> Readiness {
    let health = Health::new(
        vec![Box::new(Fake { critical, answer })],
        Shutdown::default(),
    );
    let _watch = health.watch().await;
    health.mark_started();
    health.readiness()
}

#[tokio::test]
async fn a_failed_check_tells_its_class_and_counts_by_its_criticality() {
    assert_eq!(readiness(true, fine).await.status, ReadyStatus::Ready);
    assert_eq!(readiness(false, broken).await.status, ReadyStatus::Degraded);
    let hung = readiness(true, hung).await;
    assert_eq!(hung.status, ReadyStatus::NotReady);
    assert_eq!(hung.checks[0].1.as_str(), "error: timeout");
    assert_eq!(
        readiness(true, broken).await.checks[0].1.as_str(),
        "error: unavailable"
    );
}

#[tokio::test]
async fn readiness_needs_a_finished_start_and_ends_with_the_drain() {
    let shutdown = Shutdown::default();
    let health = Health::new(Vec::new(), shutdown.clone());
    assert_eq!(health.readiness().status, ReadyStatus::NotReady);
    health.mark_started();
    assert_eq!(health.readiness().status, ReadyStatus::Ready);
    shutdown.drain();
    assert_eq!(health.readiness().status, ReadyStatus::NotReady);
    assert!(health.is_live());
}

/// A started service whose runtime last ran a task that long ago.
fn silent_for(silence: Duration) -> Health {
    let mut health = Health::new(Vec::new(), Shutdown::default());
    let inner = Arc::get_mut(&mut health.0).unwrap();
    inner.born = Instant::now().checked_sub(silence).unwrap();
    health.mark_started();
    health
}

#[test]
fn a_runtime_that_runs_no_task_for_longer_than_ten_seconds_is_wedged() {
    assert!(silent_for(Duration::from_secs(9)).is_live());
    assert!(!silent_for(Duration::from_secs(11)).is_live());
}

#[tokio::test]
async fn a_runtime_that_runs_tasks_again_is_alive_again() {
    let health = silent_for(Duration::from_secs(11));
    let _watch = health.watch().await;
    while !health.is_live() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_critical_task_that_ends_early_ends_liveness() {
    let shutdown = Shutdown::default();
    let health = Health::new(Vec::new(), shutdown.clone());
    let task = health.critical_task("listener");
    assert!(health.is_live());
    let ended = crate::spawn(async move {
        let _held = task;
        panic!("as asked");
    });
    assert_eq!(ended.await.unwrap(), None::<()>);
    assert!(!health.is_live());
}

#[test]
fn a_critical_task_may_end_with_the_shutdown() {
    let shutdown = Shutdown::default();
    let health = Health::new(Vec::new(), shutdown.clone());
    let task = health.critical_task("listener");
    shutdown.drain();
    drop(task);
    assert!(health.is_live());
}

#[test]
fn a_verdict_goes_stale() {
    let watched = Watched::new(Box::new(Fake {
        critical: true,
        answer: fine,
    }));
    watched.verdict.store(Verdict::Ok as u8, Ordering::Relaxed);
    assert_eq!(watched.verdict(millis(STALE_AFTER)), Verdict::Ok);
    assert_eq!(watched.verdict(millis(STALE_AFTER) + 1), Verdict::Stale);
}
