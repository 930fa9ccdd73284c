//! The trace, told to whoever has the answer.

use axum::routing::get;
use belvedere_core::propagation::{Propagation, ResponseTrace};
use http::HeaderMap;

use crate::harness::{Service, Setup, routes};

async fn answering(response: ResponseTrace, ratio: f64) -> Service {
    let timed = || async { ([("server-timing", "db;dur=53")], "own") };
    let propagation = Propagation {
        response,
        ..Propagation::default()
    };
    let setup = Setup {
        routes: routes().route("/timed", get(timed)),
        ratio,
        propagation,
        ..Setup::default()
    };
    setup.start().await
}

fn values<'h>(headers: &'h HeaderMap, name: &str) -> Vec<&'h str> {
    let values = headers.get_all(name).into_iter();
    values.map(|value| value.to_str().unwrap()).collect()
}

/// The trace of the last request, as a header says it.
fn in_log(service: &Service) -> String {
    let completed = service.logs.completed().pop().unwrap();
    let [trace, span, flags] =
        ["trace_id", "span_id", "trace_flags"].map(|name| completed.of_request(name).to_owned());
    format!("00-{trace}-{span}-{flags}")
}

#[tokio::test]
async fn every_answer_names_the_trace_of_its_log() {
    let service = answering(ResponseTrace::default(), 1.0).await;
    for (count, path) in (1..).zip(["/ok", "/nowhere", "/broken", "/panic"]) {
        let answer = service.get(path).await;
        service.counted(count).await;
        let wanted = format!("traceparent;desc=\"{}\"", in_log(&service));
        assert_eq!(values(&answer.headers, "server-timing"), [wanted], "{path}");
        assert_eq!(answer.header("traceresponse"), "", "{path}");
    }
}

#[tokio::test]
async fn an_answer_that_is_not_sampled_says_so() {
    let service = answering(ResponseTrace::TraceResponse, 0.0).await;
    let answer = service.get("/ok").await;
    service.counted(1).await;
    assert_eq!(answer.header("traceresponse"), in_log(&service));
    assert!(answer.header("traceresponse").ends_with("-00"));
    assert_eq!(answer.header("server-timing"), "");
}

#[tokio::test]
async fn both_headers_are_sent_when_both_are_asked_for() {
    let service = answering(ResponseTrace::Both, 1.0).await;
    let answer = service.get("/ok").await;
    let trace = answer.header("traceresponse");
    assert!(!trace.is_empty() && answer.header("server-timing").contains(trace));
}

#[tokio::test]
async fn no_header_is_sent_when_none_is_asked_for() {
    let service = answering(ResponseTrace::None, 1.0).await;
    let headers = service.get("/ok").await.headers;
    assert!(!headers.contains_key("traceresponse") && !headers.contains_key("server-timing"));
}

#[tokio::test]
async fn a_handlers_own_timings_stay_beside() {
    let service = answering(ResponseTrace::ServerTiming, 1.0).await;
    let answer = service.get("/timed").await;
    let timings = values(&answer.headers, "server-timing");
    assert_eq!((timings.len(), timings[0]), (2, "db;dur=53"));
}

#[tokio::test]
async fn a_probe_belongs_to_no_trace_and_names_none() {
    let service = answering(ResponseTrace::Both, 1.0).await;
    let headers = service.get("/health/live").await.headers;
    assert!(!headers.contains_key("traceresponse") && !headers.contains_key("server-timing"));
}

#[tokio::test]
async fn a_trace_that_goes_nowhere_is_not_named() {
    let setup = Setup {
        exports: false,
        ..Setup::default()
    };
    let service = setup.start().await;
    let headers = service.get("/ok").await.headers;
    assert!(headers.contains_key("x-request-id") && !headers.contains_key("server-timing"));
}
