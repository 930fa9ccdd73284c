//! What an operator changes while the service runs, and who may.

mod guard;
mod loggers;
mod manual;
mod sampling;

use belvedere_testing::{Answer, TestService};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};

const WHISPERER: &str = "/loggers/rough";

fn to_admin(service: &TestService, method: Method, path: &str) -> RequestBuilder {
    Client::new().request(method, format!("http://{}{path}", service.admin()))
}

async fn see(service: &TestService, path: &str) -> Value {
    let answer = Answer::of(to_admin(service, Method::GET, path)).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.json());
    answer.json()
}

async fn put(service: &TestService, path: &str, body: &Value) -> Answer {
    Answer::of(to_admin(service, Method::PUT, path).json(body)).await
}

async fn delete(service: &TestService, path: &str) -> Answer {
    Answer::of(to_admin(service, Method::DELETE, path)).await
}

/// An order that is taken: what is in force then.
async fn order(service: &TestService, path: &str, body: Value) -> Value {
    let answer = put(service, path, &body).await;
    assert_eq!(answer.status, 200, "{path} {body}: {}", answer.json());
    answer.json()
}

/// The line that the last change left, in a log that has come to its end.
async fn audit(service: &TestService, message: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let is_it = |line: &Value| line["message"] == message && wanted(line);
    let line = service.line(is_it).await;
    assert_eq!(line["target"], "belvedere::audit");
    assert_eq!(line["level"], "warn");
    line
}

/// Whether a line below `info` is logged.
async fn whispers(service: &TestService) -> bool {
    let id = service.get("/whisper").await.request_id();
    service.completed(&id).await;
    let mut lines = service.lines().into_iter();
    lines.any(|line| line["message"] == "whispered" && line["request_id"] == *id)
}

fn debug() -> Value {
    json!({"level": "debug"})
}
