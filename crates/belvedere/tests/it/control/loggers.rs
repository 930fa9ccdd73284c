use std::time::{Duration, Instant};

use belvedere_testing::TestService;
use serde_json::{Value, json};

use super::{WHISPERER, audit, debug, delete, order, put, see, whispers};
use crate::helpers::service;

const CHANGED: &str = "log_level_changed";

fn start() -> TestService {
    service().start().expect("the service starts")
}

#[tokio::test]
async fn a_level_is_lowered_for_a_target_and_taken_back() {
    let service = start();
    assert!(!whispers(&service).await);
    let shown = order(&service, WHISPERER, debug()).await;
    let wanted =
        json!({"target": "rough", "level": "debug", "configured": "info", "ordered": "debug"});
    assert_eq!(shown, wanted);
    assert!(whispers(&service).await);
    assert_eq!(see(&service, WHISPERER).await, wanted);
    let shown = delete(&service, WHISPERER).await.json();
    assert_eq!(
        shown,
        json!({"target": "rough", "level": "info", "configured": "info"})
    );
    assert!(!whispers(&service).await);
}

#[tokio::test]
async fn a_level_can_be_raised_as_well_and_only_for_its_target() {
    let service = start();
    order(&service, WHISPERER, json!({"level": "off"})).await;
    order(&service, "/loggers/rough::inner", debug()).await;
    assert!(!whispers(&service).await);
    order(&service, "/loggers/default", debug()).await;
    assert!(!whispers(&service).await);
    delete(&service, WHISPERER).await;
    assert!(whispers(&service).await);
}

#[tokio::test]
async fn a_level_ordered_for_a_time_gives_back_the_one_that_stood() {
    let service = start();
    order(&service, WHISPERER, json!({"level": "warn"})).await;
    let began = Instant::now();
    let shown = order(
        &service,
        WHISPERER,
        json!({"level": "debug", "ttl_seconds": 1}),
    )
    .await;
    assert_eq!(
        (&shown["level"], &shown["ttl_seconds"]),
        (&json!("debug"), &json!(1))
    );
    let line = audit(&service, CHANGED, |line| line["by"] == "expiry").await;
    assert!(began.elapsed() >= Duration::from_secs(1));
    let told = (&line["logger"], &line["old"], &line["new"]);
    assert_eq!(told, (&json!("rough"), &json!("debug"), &json!("warn")));
    assert!(line.get("peer").is_none(), "{line}");
    let shown = see(&service, WHISPERER).await;
    assert_eq!(
        (&shown["level"], &shown["ordered"]),
        (&json!("warn"), &json!("warn"))
    );
    assert_eq!(shown.get("ttl_seconds"), None);
    assert!(!whispers(&service).await);
}

#[tokio::test]
async fn every_order_leaves_one_line_that_says_who_and_what() {
    let service = start();
    order(
        &service,
        WHISPERER,
        json!({"level": "debug", "ttl_seconds": 600}),
    )
    .await;
    let line = audit(&service, CHANGED, |_| true).await;
    let told = ["logger", "old", "new", "ttl_seconds", "by"].map(|key| line[key].clone());
    assert_eq!(
        told,
        [
            json!("rough"),
            json!("info"),
            json!("debug"),
            json!(600),
            json!("operator")
        ]
    );
    assert!(line["peer"].as_str().unwrap().starts_with("127.0.0.1:"));
    delete(&service, WHISPERER).await;
    delete(&service, WHISPERER).await;
    audit(&service, CHANGED, |line| line["new"] == "info").await;
    let (_, lines) = service.stop().unwrap();
    let count = lines
        .iter()
        .filter(|line| line["message"] == CHANGED)
        .count();
    assert_eq!(count, 2, "what changes nothing is not told");
}

#[tokio::test]
async fn a_log_that_was_silenced_still_tells_of_orders() {
    let service = start();
    order(&service, "/loggers/default", json!({"level": "off"})).await;
    audit(&service, CHANGED, |line| line["new"] == "off").await;
    let id = service.get("/ok").await.request_id();
    order(&service, "/loggers/default", json!({"level": "info"})).await;
    audit(&service, CHANGED, |line| line["old"] == "off").await;
    let is_told = |line: &Value| line["request_id"] == *id;
    assert!(!service.lines().iter().any(is_told));
}

#[tokio::test]
async fn a_wire_target_is_held_and_the_answer_says_so() {
    let service = start();
    let shown = order(&service, "/loggers/h2", json!({"level": "trace"})).await;
    assert_eq!(
        (&shown["level"], &shown["ordered"]),
        (&json!("info"), &json!("trace"))
    );
    assert!(shown["detail"].as_str().unwrap().contains("LOG__WIRE=true"));
    let all = see(&service, "/loggers").await;
    let loggers = all["loggers"].as_array().unwrap();
    assert_eq!(loggers[0]["target"], "default");
    let named = loggers.iter().find(|logger| logger["target"] == "h2");
    assert_eq!(named, Some(&shown));
}

#[tokio::test]
async fn what_was_configured_is_kept_beside_what_is_ordered() {
    let service = service()
        .variable("LOG__LEVEL", "info,rough=debug,rough::inner=error")
        .start()
        .unwrap();
    assert!(whispers(&service).await);
    order(&service, WHISPERER, json!({"level": "warn"})).await;
    assert!(!whispers(&service).await);
    let inner = see(&service, "/loggers/rough::inner").await;
    assert_eq!(inner["level"], "error");
    delete(&service, WHISPERER).await;
    assert!(whispers(&service).await);
}

#[tokio::test]
async fn a_bad_order_is_refused_with_the_field_and_changes_nothing() {
    let service = start();
    let long = format!("/loggers/{}", "x".repeat(129));
    let level = |body: Value| (WHISPERER, body);
    for ((path, body), field, mend) in [
        (level(json!({"level": "loud"})), "level", "`debug`"),
        (level(json!({"ttl_seconds": 5})), "level", "missing"),
        (
            level(json!({"level": "debug", "ttl": 5})),
            "ttl",
            "`ttl_seconds`",
        ),
        (
            level(json!({"level": "debug", "ttl_seconds": 0})),
            "ttl_seconds",
            "1 to 86400",
        ),
        (
            level(json!({"level": "debug", "ttl_seconds": 86_401})),
            "ttl_seconds",
            "1 to 86400",
        ),
        (
            level(json!({"level": "debug", "ttl_seconds": "1h"})),
            "ttl_seconds",
            "seconds",
        ),
        (("/loggers/rough=trace", debug()), "target", "shop::orders"),
        (("/loggers/rough%2Ch2", debug()), "target", "shop::orders"),
        ((&long, debug()), "target", "128"),
    ] {
        let answer = put(&service, path, &body).await;
        let problem = answer.json();
        assert_eq!(answer.status, 422, "{path} {body}: {problem}");
        let error = &problem["errors"][0];
        assert_eq!(error["field"], field, "{problem}");
        assert!(
            error["message"].as_str().unwrap().contains(mend),
            "{problem}"
        );
    }
    assert_eq!(see(&service, WHISPERER).await["level"], "info");
    let (_, lines) = service.stop().unwrap();
    assert!(!lines.iter().any(|line| line["message"] == CHANGED));
}

#[tokio::test]
async fn there_is_a_limit_to_the_targets_that_are_ordered() {
    let service = start();
    for n in 0..100 {
        order(&service, &format!("/loggers/shop::m{n}"), debug()).await;
    }
    let answer = put(&service, WHISPERER, &debug()).await;
    assert_eq!(
        (answer.status, answer.json()["error"].as_str()),
        (422, Some("too_many_loggers"))
    );
    order(&service, "/loggers/shop::m7", json!({"level": "warn"})).await;
    delete(&service, "/loggers/shop::m8").await;
    order(&service, WHISPERER, debug()).await;
}
