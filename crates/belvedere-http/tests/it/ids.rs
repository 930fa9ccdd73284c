//! The ids of a request: in its answer, in its problem, in its log.

use std::time::Duration;

use crate::harness::{Answer, Http2, LIMIT, Service, Setup};

/// Method, path, body length and the status of every kind of answer.
const ANSWERS: [(&str, &str, usize, u16); 9] = [
    ("GET", "/ok", 0, 200),
    ("HEAD", "/ok", 0, 200),
    ("GET", "/empty", 0, 204),
    ("GET", "/nowhere", 0, 404),
    ("DELETE", "/ok", 0, 405),
    ("POST", "/json", LIMIT + 1, 413),
    ("GET", "/broken", 0, 500),
    ("GET", "/panic", 0, 500),
    ("GET", "/hang", 0, 503),
];
const JSON: &str = "content-type: application/json\r\n";

async fn quick() -> Service {
    let timeout = Duration::from_millis(50);
    Setup {
        timeout,
        ..Setup::default()
    }
    .start()
    .await
}

async fn with_id(id: &str) -> Answer {
    let service = Service::start().await;
    let line = format!("x-request-id: {id}\r\n");
    service.ask("GET", "/missing", &line, "").await
}

/// A UUIDv7 in its usual spelling.
fn is_our_own(id: &str) -> bool {
    let dashes = [8, 13, 18, 23];
    let is_uuid = id.len() == 36
        && id.char_indices().all(|(at, c)| match c {
            '-' => dashes.contains(&at),
            c => c.is_ascii_hexdigit(),
        });
    is_uuid && id.as_bytes()[14] == b'7'
}

#[tokio::test]
async fn every_answer_has_the_request_id_of_its_record() {
    let service = quick().await;
    for (count, (method, path, length, status)) in (1..).zip(ANSWERS) {
        let answer = service.ask(method, path, JSON, &"x".repeat(length)).await;
        assert_eq!(answer.status, status, "{method} {path}");
        let id = answer.header("x-request-id");
        assert!(is_our_own(id), "{method} {path}: {id:?}");
        service.counted(count).await;
        let completed = service.logs.completed().pop().unwrap();
        assert_eq!(completed.of_request("request_id"), id, "{method} {path}");
    }
}

#[tokio::test]
async fn every_problem_has_the_ids_of_its_answer_and_of_its_record() {
    let service = quick().await;
    let problems = ANSWERS.iter().filter(|(.., status)| *status >= 400);
    for (count, (method, path, length, status)) in (1..).zip(problems) {
        let answer = service.ask(method, path, JSON, &"x".repeat(*length)).await;
        let problem = answer.json();
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert_eq!(problem["status"], *status, "{problem}");
        assert_eq!(problem["instance"], *path, "{problem}");
        assert_eq!(problem["request_id"], answer.header("x-request-id"));
        service.counted(count).await;
        let completed = service.logs.completed().pop().unwrap();
        assert_eq!(problem["request_id"], completed.of_request("request_id"));
        assert_eq!(problem["trace_id"], completed.of_request("trace_id"));
    }
}

#[tokio::test]
async fn every_answer_over_http2_has_a_request_id() {
    let service = quick().await;
    let mut http2 = Http2::open(service.addr).await;
    for path in ["/ok", "/nowhere", "/broken", "/panic", "/hang"] {
        let answer = http2.get(path).await;
        assert!(is_our_own(answer.header("x-request-id")), "{path}");
    }
}

#[tokio::test]
async fn a_callers_own_id_is_taken_when_it_is_clean() {
    let answer = with_id("Client-1.2_3").await;
    assert_eq!(answer.header("x-request-id"), "Client-1.2_3");
    assert_eq!(answer.json()["request_id"], "Client-1.2_3");
}

#[tokio::test]
async fn a_callers_own_id_is_replaced_when_it_is_too_short() {
    assert!(is_our_own(with_id("short").await.header("x-request-id")));
}

#[tokio::test]
async fn a_callers_own_id_is_replaced_when_it_could_break_a_line() {
    let answer = with_id("quotes\"and spaces").await;
    assert!(is_our_own(answer.header("x-request-id")));
}

#[tokio::test]
async fn a_path_stands_in_a_problem_without_its_query() {
    let service = Service::start().await;
    let problem = service.get("/nowhere?token=secret").await.json();
    assert_eq!(problem["instance"], "/nowhere");
    let record = service.sole_record().await;
    assert_eq!(record.completed.of_request("path"), "/nowhere");
    assert_eq!(record.attribute("url.path"), "/nowhere");
}
