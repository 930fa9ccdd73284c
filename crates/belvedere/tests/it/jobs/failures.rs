//! Jobs that cannot be done.

use belvedere_testing::SentrySink;

use super::helpers::{Store, ask};

#[tokio::test]
async fn a_poisoned_job_is_a_dead_letter_is_counted_is_told_once_and_holds_up_nobody() {
    for (text, exc_type, error) in [
        ("poison", "error", "it is poisoned"),
        ("panic", "panic", "it panics"),
    ] {
        let store = Store::start().await;
        let sentry = SentrySink::start().unwrap();
        let service = store.process().variable("SENTRY_DSN", &sentry.dsn());
        let service = service.start().unwrap();
        let id = ask(&service, text, 1).await;
        ask(&service, "good", 20).await;
        let dead = "SELECT count(*) FROM jobs WHERE state = 'dead' AND attempts = 3";
        store.wait_for(dead, 1).await;
        store.wait_for("SELECT count(*) FROM effects", 20).await;
        for metric in [
            r#"jobs_total{job="errand",outcome="dead"} 1"#,
            r#"jobs_total{job="errand",outcome="retried"} 2"#,
            r#"jobs_total{job="errand",outcome="ok"} 20"#,
            r#"job_queue_depth{queue="errands",state="dead"} 1"#,
            r#"job_duration_seconds_count{job="errand"} 23"#,
        ] {
            service.metric(metric).await;
        }
        let panics = if text == "panic" { 3 } else { 0 };
        let panics = format!("panics_total{{where=\"job\"}} {panics}");
        service.metric(&panics).await;
        let (_, lines) = service.stop().unwrap();
        let of = |level: &str, message: &str| {
            let own = lines.iter().filter(|line| line["request_id"] == *id);
            own.filter(|line| line["level"] == level && line["message"] == message)
                .count()
        };
        assert_eq!(of("warn", "job_retried"), 2, "once for each run");
        assert_eq!(of("error", "unhandled_exception"), 1);
        let events = sentry.events();
        assert_eq!(events.len(), 1, "{events:?}");
        assert_eq!(events[0]["tags"]["request_id"], *id);
        assert_eq!(events[0]["extra"]["job"], "errand");
        let exception = &events[0]["exception"]["values"][0];
        assert_eq!(exception["type"], exc_type);
        let value = exception["value"].as_str().unwrap();
        assert!(value.contains(error), "{value}");
    }
}
