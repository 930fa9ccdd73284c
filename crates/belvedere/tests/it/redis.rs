//! A service whose Redis fails: nobody is told an error by a cache, and nobody waits for long.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use belvedere_testing::{Answer, TestService, ThrowAwayRedis, report};
use serde_json::Value;
use tokio::{task::JoinSet, time};

use crate::helpers::example;

/// Five times the limit of a command: how long a caller may be held up.
const HELD_UP: Duration = Duration::from_millis(5 * 250);
/// Hits are wanted within 2 s of Redis being back: five times that.
const BACK: Duration = Duration::from_secs(5 * 2);

fn start(redis: &ThrowAwayRedis) -> TestService {
    let service = TestService::builder(&example("cached")).variable("REDIS_URL", &redis.url());
    service.start().unwrap()
}

/// Whether two reads in a row say the same: the second was a hit.
async fn is_hit(service: &TestService) -> bool {
    let first = service.anonymous().get("/prices/7").await.text();
    first == service.anonymous().get("/prices/7").await.text()
}

async fn until_hit(service: &TestService) -> Duration {
    let began = Instant::now();
    while !is_hit(service).await {
        assert!(began.elapsed() < BACK, "no hit since Redis is back");
    }
    began.elapsed()
}

/// Eight callers until `work` is done: each answer is 200, and how long the slowest took.
async fn under_load<F: Future>(
    service: &Arc<TestService>,
    work: F,
) -> (F::Output, Duration, usize) {
    let is_over = Arc::new(AtomicBool::new(false));
    let mut callers = JoinSet::new();
    for caller in 0..8 {
        let (service, is_over) = (Arc::clone(service), Arc::clone(&is_over));
        callers.spawn(async move {
            let (mut slowest, mut count) = (Duration::ZERO, 0);
            while !is_over.load(Ordering::Relaxed) {
                let began = Instant::now();
                let path = format!("/prices/{caller}{}", count % 50);
                let answer = service.anonymous().get(&path).await;
                assert_eq!(answer.status, 200, "{}", answer.text());
                (slowest, count) = (slowest.max(began.elapsed()), count + 1);
            }
            (slowest, count)
        });
    }
    let output = work.await;
    is_over.store(true, Ordering::Relaxed);
    let all = callers.join_all().await;
    let slowest = all.iter().map(|(slowest, _)| *slowest).max();
    let count = all.iter().map(|(_, count)| count).sum();
    (output, slowest.unwrap_or_default(), count)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_is_killed_and_comes_back_costs_no_caller_an_error() {
    let mut redis = ThrowAwayRedis::start().unwrap();
    let service = Arc::new(start(&redis));
    assert!(is_hit(&service).await);
    let outages = async {
        let mut back = Duration::ZERO;
        for _ in 0..3 {
            redis.kill();
            time::sleep(Duration::from_millis(700)).await;
            redis.start_again().unwrap();
            back = back.max(until_hit(&service).await);
        }
        back
    };
    let (back, slowest, requests) = under_load(&service, outages).await;
    report(format!(
        "redis killed 3 times under load: {requests} requests, slowest {slowest:?}, hits again after {back:?}"
    ));
    assert!(slowest < HELD_UP, "{slowest:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_pauses_holds_nobody_up() {
    let redis = ThrowAwayRedis::start().unwrap();
    let service = Arc::new(start(&redis));
    assert!(is_hit(&service).await);
    let pause = async {
        redis.pause(Duration::from_secs(2)).unwrap();
        time::sleep(Duration::from_secs(2)).await;
        until_hit(&service).await
    };
    let (back, slowest, requests) = under_load(&service, pause).await;
    report(format!(
        "redis paused for 2 s under load: {requests} requests, slowest {slowest:?}, hits again after {back:?}"
    ));
    assert!(slowest < HELD_UP, "{slowest:?}");
}

#[tokio::test]
async fn without_redis_the_service_is_degraded_and_says_503_where_it_cannot_do_without() {
    let mut redis = ThrowAwayRedis::start().unwrap();
    let service = start(&redis);
    let visits = service.anonymous().get("/visits").await;
    assert_eq!((visits.status, &*visits.text()), (200, "1"));
    redis.kill();
    let refused = service.anonymous().get("/visits").await;
    assert_eq!(refused.status, 503);
    assert_eq!(refused.json()["error"], "redis_unavailable");
    assert_eq!(refused.header("retry-after"), "1");
    let began = Instant::now();
    let ready = loop {
        let ready: Answer = service.anonymous().get("/health/ready").await;
        if ready.json()["status"] == "degraded" {
            break ready;
        }
        assert!(
            began.elapsed() < Duration::from_secs(30),
            "{}",
            ready.text()
        );
        time::sleep(Duration::from_millis(50)).await;
    };
    assert_eq!(ready.status, 200);
    assert_eq!(ready.json()["checks"]["redis"], "error: unavailable");
    service
        .metric("dependency_up{dependency=\"redis\"} 0")
        .await;
}

#[tokio::test]
async fn a_command_is_a_span_below_its_request_and_nothing_of_it_is_told() {
    let redis = ThrowAwayRedis::with_password("hunter2-planted").unwrap();
    let service = start(&redis);
    let answer = service.anonymous().get("/prices/secret-planted").await;
    let line = service.completed(&answer.header("x-request-id")).await;
    let trace_id = line["trace_id"].as_str().unwrap();
    let tree = service.trace(trace_id).await;
    let spans = service.otlp().trace(trace_id);
    let root = spans.iter().find(|span| span.kind == "server").unwrap();
    let below: Vec<_> = spans
        .iter()
        .filter(|span| span.parent_span_id == root.span_id)
        .map(|span| (&*span.name, span.kind, &*span.attributes["db.system.name"]))
        .collect();
    assert_eq!(
        below,
        [("GET", "client", "redis"), ("SET", "client", "redis")],
        "{tree}"
    );
    service
        .metric("db_operation_name=\"GET\",db_system_name=\"redis\"")
        .await;
    let client = spans.iter().filter(|span| span.kind == "client");
    let told = format!("{:?}", client.collect::<Vec<_>>());
    assert!(!told.contains("planted"), "{told}");
    let lines = Value::from(service.lines()).to_string();
    assert!(!lines.contains("hunter2"), "{lines}");
}

#[tokio::test]
async fn replicas_limit_a_callers_rate_together_and_each_alone_without_redis() {
    let mut redis = ThrowAwayRedis::start().unwrap();
    let limited = || {
        let service = TestService::builder(&example("cached")).variable("REDIS_URL", &redis.url());
        let service = service.variable("HTTP__RATE_LIMIT_PER_IP", "1");
        let service = service.variable("HTTP__RATE_LIMIT_PER_IP_BURST", "10");
        service.start().unwrap()
    };
    let replicas = [limited(), limited()];
    let mut statuses = Vec::new();
    for turn in 0..20 {
        let answer = replicas[turn % 2].anonymous().get("/plain").await;
        statuses.push(answer.status);
    }
    let served = statuses.iter().filter(|status| **status == 200).count();
    // One more for each second that it takes.
    assert!((10..15).contains(&served), "{statuses:?}");
    redis.kill();
    let alone = replicas[0].anonymous().get("/plain").await;
    assert_eq!(alone.status, 200, "it has counted nobody itself so far");
}

#[tokio::test]
async fn a_required_redis_that_is_not_there_ends_the_start() {
    let mut redis = ThrowAwayRedis::start().unwrap();
    let url = redis.url();
    redis.kill();
    let started = TestService::builder(&example("cached"))
        .variable("REDIS_URL", &url)
        .variable("REDIS__REQUIRED", "true")
        .variable("STARTUP__TIMEOUT_SECONDS", "1")
        .start();
    let said = started.unwrap_err().to_string();
    assert!(said.contains("redis_connection_failed"), "{said}");
}
