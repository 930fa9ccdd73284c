use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use super::*;
use crate::{NewRequest, RequestContext, Shutdown, context::Route, trace::Tracer};

fn request() -> Arc<RequestContext> {
    NewRequest::new(&Route::new("GET", "/"), "/").begin(&Tracer::off())
}

fn current_id() -> Option<String> {
    RequestContext::with(|context| context.request_id().to_owned())
}

#[tokio::test]
async fn whatever_is_spawned_runs_in_its_request() {
    let context = request();
    let seen = context.clone().scope(async {
        let mut set = JoinSet::new();
        set.spawn(async { (current_id(), RequestContext::is_beside()) });
        set.spawn_blocking(|| (current_id(), RequestContext::is_beside()));
        let mut seen = Vec::new();
        while let Some(joined) = set.join_next().await {
            seen.push(joined.unwrap());
        }
        let blocking = spawn_blocking(|| (current_id(), RequestContext::is_beside()));
        (seen, blocking.await.unwrap().unwrap())
    });
    let (awaited, beside) = seen.await;
    let id = Some(context.request_id().to_owned());
    // Who is waited for has the request's time limits, who runs beside it has not.
    assert_eq!(awaited, [(id.clone(), false), (id.clone(), false)]);
    assert_eq!(beside, (id, true));
}

#[tokio::test]
async fn a_panic_in_a_set_is_one_failed_task() {
    let mut set = JoinSet::<u8>::new();
    set.spawn(async { panic!("as asked") });
    assert_eq!(set.join_next().await, Some(Err(TaskFailed::Panicked)));
    set.spawn_blocking(|| panic!("as asked"));
    assert_eq!(set.join_next().await, Some(Err(TaskFailed::Panicked)));
    set.spawn(std::future::pending());
    set.abort_all();
    assert_eq!(set.join_next().await, Some(Err(TaskFailed::Aborted)));
    assert!(set.is_empty() && set.join_next().await.is_none());
}

const QUICK: Backoff = Backoff {
    first: Duration::from_millis(1),
    longest: Duration::from_millis(4),
    healthy_after: Duration::from_secs(60),
};

#[tokio::test]
async fn a_supervised_task_is_started_again_whether_it_returns_or_panics_until_the_end() {
    let (starts, shutdown) = (Arc::<AtomicU32>::default(), Shutdown::default());
    let counted = Arc::clone(&starts);
    let task = Supervised::new("flaky", shutdown.clone()).backoff(QUICK);
    let task = task.start(move || {
        let start = counted.fetch_add(1, Ordering::SeqCst);
        async move { assert_ne!(start, 1, "as asked") }
    });
    while starts.load(Ordering::SeqCst) < 4 {
        tokio::time::sleep(QUICK.first).await;
    }
    shutdown.stop();
    assert_eq!(task.await.unwrap(), Some(()));
    let until_stop = starts.load(Ordering::SeqCst);
    tokio::time::sleep(QUICK.longest * 5).await;
    assert_eq!(starts.load(Ordering::SeqCst), until_stop);
}

#[test]
fn starts_again_come_later_and_later_up_to_a_bound() {
    let backoff = Backoff::default();
    let among = |ends, least: Duration, most| {
        let mut delays = (0..100).map(move |_| backoff.delay(ends));
        delays.all(|delay| (least..=most).contains(&delay))
    };
    assert!(among(0, backoff.first / 2, backoff.first));
    assert!(among(3, backoff.first * 4, backoff.first * 8));
    assert!(among(u32::MAX, backoff.longest / 2, backoff.longest));
}

#[tokio::test]
async fn a_task_that_does_not_return_is_dropped_at_the_abort() {
    let shutdown = Shutdown::default();
    let task = Supervised::new("stubborn", shutdown.clone()).start(std::future::pending);
    tokio::task::yield_now().await;
    shutdown.abort();
    assert_eq!(task.await.unwrap(), Some(()));
}
