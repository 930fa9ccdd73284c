use std::io::Write;

use belvedere_testing::TestService;

use super::{active, answer, exchange, open, records, status};
use crate::helpers::service;

const SECURITY: [&str; 4] = [
    "x-content-type-options: nosniff",
    "content-security-policy: default-src 'none'; frame-ancestors 'none'",
    "referrer-policy: no-referrer",
    "x-frame-options: DENY",
];

/// A request, as far as it goes, and what it is answered with.
type Case = (&'static str, String, u16, &'static str);

fn ask(head: &str) -> String {
    format!("{head} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n")
}

fn ask_with(head: &str, line: &str) -> String {
    format!("{head} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n{line}\r\n\r\n")
}

fn cases() -> Vec<Case> {
    let (long, large) = ("x".repeat(9_000), "x".repeat(33_000));
    let get = "GET /ok";
    vec![
        ("200", ask(get), 200, ""),
        ("404", ask("GET /nowhere"), 404, "route_not_found"),
        ("405", ask("DELETE /ok"), 405, "method_not_allowed"),
        (
            "413",
            ask_with("POST /upload", "content-length: 1048577"),
            413,
            "payload_too_large",
        ),
        ("414", ask(&format!("GET /ok?{long}")), 414, "uri_too_long"),
        (
            "415",
            ask_with("POST /upload", "content-length: 9\r\ncontent-encoding: br"),
            415,
            "unsupported_content_encoding",
        ),
        (
            "431",
            ask_with(get, &format!("x: {large}")),
            431,
            "request_header_fields_too_large",
        ),
        ("panic", ask("GET /panic"), 500, "internal_server_error"),
        ("failure", ask("GET /fails"), 500, "internal_server_error"),
        ("timeout", ask("GET /sleep/60000"), 503, "request_timeout"),
    ]
}

fn assert_secured(answer: &str, what: &str) {
    let (head, _) = answer.split_once("\r\n\r\n").unwrap_or((answer, ""));
    for header in SECURITY {
        let count = head.lines().filter(|line| *line == header).count();
        assert_eq!(count, 1, "{header} of {what}: {head}");
    }
    let is_problem = head.contains("content-type: application/problem+json");
    let is_kept = !head.contains("cache-control: no-store");
    assert_ne!(is_problem, is_kept, "{what}: {head}");
}

fn assert_answered(service: &TestService, (what, request, expected, code): Case) {
    let answer = exchange(service.http(), request.as_bytes());
    assert_eq!(status(&answer), expected, "{what}: {answer}");
    assert!(answer.contains(code), "{what}: {answer}");
    assert_secured(&answer, what);
}

#[tokio::test]
async fn every_answer_has_its_headers_and_every_request_one_record() {
    let service = service()
        .variable("HTTP__TIMEOUT_SECONDS", "0.5")
        .variable("HTTP__BODY_TIMEOUT_SECONDS", "0.3")
        .start()
        .unwrap();
    let mut expected: Vec<u16> = cases().iter().map(|case| case.2).collect();
    for case in cases() {
        assert_answered(&service, case);
    }
    let mut slow = open(service.http());
    let head = ask_with("POST /upload", "content-length: 9");
    slow.write_all(head.as_bytes()).unwrap();
    // The caller is still there: it only says nothing.
    let answer = answer(slow);
    assert!(answer.contains("request_body_timeout"), "{answer}");
    assert_secured(&answer, "408");
    expected.push(408);

    let records = records(&service, expected.len()).await;
    let told: Vec<_> = records
        .iter()
        .map(|line| line["status_code"].clone())
        .collect();
    assert_eq!(told, expected);
    for line in records {
        let outcome = match (line["status_code"].as_u64(), line["error"].as_str()) {
            (Some(503), Some("request_timeout")) => "timeout",
            (Some(500), _) if line["route"] == "/panic" => "panic",
            (Some(500), _) => "error",
            _ => "ok",
        };
        assert_eq!(line["outcome"], outcome, "{line}");
    }
    assert_eq!(active(&service).await, 0.0);
}

#[tokio::test]
async fn who_is_shed_is_answered_as_well_as_all_others_and_probes_are_not() {
    let service = service()
        .variable("HTTP__MAX_CONCURRENT_REQUESTS", "1")
        .start()
        .unwrap();
    let mut sleeping = open(service.http());
    sleeping
        .write_all(ask("GET /sleep/60000").as_bytes())
        .unwrap();
    while active(&service).await < 1.0 {
        tokio::task::yield_now().await;
    }
    let shed = exchange(service.http(), ask("GET /ok").as_bytes());
    assert_eq!(status(&shed), 503, "{shed}");
    assert!(
        shed.contains("overloaded") && shed.contains("retry-after: 1"),
        "{shed}"
    );
    assert_secured(&shed, "a shed request");
    let probe = exchange(service.http(), ask("GET /health/live").as_bytes());
    assert_eq!(status(&probe), 200, "{probe}");
    assert_secured(&probe, "a probe");
    drop(sleeping);
    let told = records(&service, 2).await;
    let outcomes: Vec<_> = told.iter().map(|line| line["outcome"].clone()).collect();
    assert_eq!(outcomes, ["error", "client_abort"]);
    assert_eq!(active(&service).await, 0.0);
}

#[tokio::test]
async fn the_admin_listener_says_it_too() {
    let service = service().start().unwrap();
    for (head, expected) in [
        ("GET /metrics", 200),
        ("GET /info", 200),
        ("GET /health/ready", 200),
        ("GET /nowhere", 404),
        ("DELETE /metrics", 405),
    ] {
        let answer = exchange(service.admin(), ask(head).as_bytes());
        assert_eq!(status(&answer), expected, "{answer}");
        assert_secured(&answer, head);
    }
}

#[tokio::test]
async fn https_is_asked_for_only_where_it_is_said() {
    let hsts = "strict-transport-security: max-age=63072000";
    for (on, expected) in [("false", false), ("true", true)] {
        let service = service().variable("HTTP__HSTS", on).start().unwrap();
        let answer = exchange(service.http(), ask("GET /ok").as_bytes());
        assert_eq!(answer.contains(hsts), expected, "{answer}");
    }
}

#[tokio::test]
async fn credentials_for_any_origin_are_refused_at_the_start() {
    let started = service()
        .variable("HTTP__CORS_ORIGINS", "*")
        .variable("HTTP__CORS_CREDENTIALS", "true")
        .start();
    assert!(started.is_err());
}
