//! `<service> worker`, and a service that leaves the work to it.

use std::{
    process::Command,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use belvedere_testing::value_of;

use super::helpers::{Store, ask};
use crate::helpers::{example, rough};

#[tokio::test]
async fn a_worker_has_an_admin_listener_and_no_public_one() {
    let store = Store::start().await;
    let worker = store.worker();
    assert_eq!(worker.http().port(), 0, "there is no public listener");
    for probe in ["/health/live", "/health/ready", "/health/startup"] {
        let url = format!("http://{}{probe}", worker.admin());
        assert_eq!(reqwest::get(url).await.unwrap().status(), 200, "{probe}");
    }
    for zero in [
        r#"jobs_total{job="errand",outcome="ok"} 0"#,
        r#"jobs_total{job="errand",outcome="dead"} 0"#,
        r#"jobs_total{job="tick",outcome="retried"} 0"#,
        r#"job_queue_depth{queue="errands",state="delayed"} 0"#,
        r#"job_queue_oldest_seconds{queue="default"} 0"#,
        r#"panics_total{where="job"} 0"#,
    ] {
        worker.metric(zero).await;
    }
}

#[tokio::test]
async fn a_service_that_does_not_work_tells_how_much_waits() {
    let store = Store::start().await;
    let front = store.front();
    ask(&front, "good", 3).await;
    front
        .metric(r#"job_queue_depth{queue="errands",state="waiting"} 3"#)
        .await;
    let worker = store.worker();
    store.wait_for("SELECT count(*) FROM effects", 3).await;
    front
        .metric(r#"job_queue_depth{queue="errands",state="waiting"} 0"#)
        .await;
    worker.stop().unwrap();
}

/// What `JobQueueBacklog` and `JobStale` look at, past their limits.
#[tokio::test]
async fn without_any_worker_a_service_tells_for_how_long_jobs_and_schedules_have_waited() {
    let store = Store::start().await;
    let front = store.process().variable("TICKS", "true");
    let front = front.variable("JOBS__IN_SERVICE", "false").start().unwrap();
    ask(&front, "good", 3).await;
    for long_ago in [
        "UPDATE jobs SET run_at = now() - interval '10 minutes'",
        "UPDATE job_schedules SET created_at = now() - interval '30 hours'",
    ] {
        sqlx::query(long_ago).execute(&store.pool).await.unwrap();
    }
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let metrics = front.metrics().await;
        let value = |series: &str| value_of(&metrics, series).unwrap_or(0.0);
        let waited = value(r#"job_queue_oldest_seconds{queue="errands"}"#);
        let success = value(r#"job_last_success_timestamp_seconds{job="tick"}"#);
        let stale = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let stale = stale.as_secs_f64() - success;
        if waited > 5.0 * 60.0 && stale > 26.0 * 3600.0 && success > 0.0 {
            return;
        }
        assert!(Instant::now() < deadline, "{waited} s, {stale} s");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_key_is_done_once_and_the_second_request_is_told() {
    let store = Store::start().await;
    let service = store.process().start().unwrap();
    let body = serde_json::json!({"text": "good", "key": "a"});
    assert_eq!(service.post("/errands", &body).await.text(), "1");
    store
        .wait_for("SELECT count(*) FROM jobs WHERE state = 'done'", 1)
        .await;
    assert_eq!(service.post("/errands", &body).await.text(), "0");
    assert_eq!(store.number("SELECT count(*) FROM runs").await, 1);
}

#[test]
fn a_service_without_jobs_is_no_worker() {
    let output = Command::new(rough())
        .arg("worker")
        .env("HTTP__ADDR", "127.0.0.1:0")
        .env("ADMIN__ADDR", "127.0.0.1:0")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        said.contains("this service has no jobs to work on"),
        "{said}"
    );
}

#[test]
fn what_no_worker_can_work_with_is_refused_by_name() {
    let output = Command::new(example("errands"))
        .env("JOBS__CONCURRENCY", "0")
        .env("JOBS__LEASE_SECONDS", "0")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(78));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.contains("JOBS__CONCURRENCY") && said.contains("JOBS__LEASE_SECONDS"),
        "{said}"
    );
}
