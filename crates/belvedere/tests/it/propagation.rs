//! Which headers carry a trace, as a service is told by its environment.

use std::process::Command;

use belvedere_testing::{Answer, TestService};
use reqwest::Method;

use crate::helpers::{rough, service};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

#[test]
fn what_is_no_propagator_no_key_and_no_header_is_named_by_its_variable() {
    let bad = [
        ("OTEL_PROPAGATORS", "tracecontext,jaeger"),
        ("TRACE__BAGGAGE_KEYS", "plan,a b"),
        ("TRACE__RESPONSE_HEADER", "set-cookie"),
    ];
    let output = Command::new(rough()).envs(bad).output();
    let output = output.expect("the example was built beside the tests");
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(78), "{told}");
    for (variable, value) in bad {
        let (_, wrong) = value.rsplit_once(',').unwrap_or(("", value));
        assert!(told.contains(variable) && told.contains(wrong), "{told}");
    }
    assert!(told.contains("b3multi"), "{told}");
}

/// A request that names one trace by `traceparent`, and another by `b3`.
async fn asked(service: &TestService) -> Answer {
    let b3 = format!("{TRACE}-{CALLER}-1");
    let traceparent = format!("00-{}-{CALLER}-01", TRACE.replace('4', "5"));
    let request = service.anonymous().request(Method::GET, "/ok");
    let request = request.header("b3", b3).header("traceparent", traceparent);
    Answer::of(request).await
}

#[tokio::test]
async fn the_propagators_and_the_header_of_the_environment_are_those_of_the_service() {
    let service = service().variable("OTEL_PROPAGATORS", "b3");
    let service = service.variable("TRACE__RESPONSE_HEADER", "traceresponse");
    let service = service.start().expect("the service starts");
    let answer = asked(&service).await;
    let line = service.completed(&answer.request_id()).await;
    assert_eq!(line["trace_id"], TRACE);
    let span = line["span_id"].as_str().unwrap();
    let wanted = format!("00-{TRACE}-{span}-01");
    assert_eq!(answer.header("traceresponse"), wanted);
    assert!(service.trace(TRACE).await.contains("GET /ok"));
}

#[tokio::test]
async fn export_that_is_off_leaves_propagation_and_the_log_on() {
    let service = service().variable("OTEL_SDK_DISABLED", "true");
    let service = service.variable("OTEL_PROPAGATORS", "b3");
    let service = service.start().expect("the service starts");
    let answer = asked(&service).await;
    let line = service.completed(&answer.request_id()).await;
    assert_eq!(line["trace_id"], TRACE);
    // A trace that goes nowhere is nothing to look for.
    assert_eq!(answer.header("server-timing"), "");
}

#[tokio::test]
async fn the_server_span_says_what_its_caller_said_of_the_trace() {
    let service = service().start().expect("the service starts");
    let request = service.anonymous().request(Method::GET, "/ok");
    let request = request.header("traceparent", format!("00-{TRACE}-{CALLER}-01"));
    Answer::of(request.header("tracestate", "es=s:0.1,dd=s:1")).await;
    service.trace(TRACE).await;
    let spans = service.otlp().trace(TRACE);
    assert_eq!(spans[0].trace_state, "es=s:0.1,dd=s:1", "{spans:?}");
}
