//! Trace context through a service, from the headers of its caller to those of its callee.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    extract::State,
    http::HeaderMap,
    routing::{get, post},
};
use belvedere_core::{RequestContext, Shutdown, propagation::Propagation};
use belvedere_http::{Server, Upstream, UpstreamConfig, server::Limits};

use crate::harness::{Answer, Service, Setup, routes};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

/// What the callee has been sent.
type Heard = Arc<Mutex<Vec<HeaderMap>>>;

async fn callee() -> (String, Heard) {
    let heard = Heard::default();
    let hear = |State(heard): State<Heard>, headers: HeaderMap| async move {
        heard.lock().unwrap().push(headers);
    };
    let routes = Router::new()
        .route("/", post(hear))
        .with_state(Arc::clone(&heard));
    let any = ([127, 0, 0, 1], 0).into();
    let server = Server::bind(any, routes, Limits::default(), Shutdown::default());
    let server = server.await.unwrap();
    let url = format!("http://{}", server.local_addr().unwrap());
    belvedere_core::spawn(server.run());
    (url, heard)
}

/// A service that answers with the `plan` of its caller's baggage, after a call.
async fn start(propagators: &str, trusted: &str) -> (Service, Heard) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (url, heard) = callee().await;
    let config = UpstreamConfig {
        url: Some(url.parse().unwrap()),
        ..UpstreamConfig::default()
    };
    let upstream = Upstream::new("callee", &config).unwrap();
    let call = move || async move {
        upstream.post("/").send().await.unwrap();
        RequestContext::with(|context| context.baggage("plan").map(String::from))
            .flatten()
            .unwrap_or_default()
    };
    let setup = Setup {
        routes: routes().route("/call", get(call)),
        trusted: trusted.parse().unwrap(),
        propagation: Propagation {
            propagators: propagators.parse().unwrap(),
            baggage_keys: "plan".parse().unwrap(),
            ..Propagation::default()
        },
        ..Setup::default()
    };
    (setup.start().await, heard)
}

/// One request: its answer, what its log calls its trace, and what the callee was sent.
async fn through(propagators: &str, trusted: &str, lines: &str) -> (Answer, String, HeaderMap) {
    let (service, heard) = start(propagators, trusted).await;
    let answer = service.ask("GET", "/call", lines, "").await;
    assert_eq!(answer.status, 200);
    let heard = heard.lock().unwrap().remove(0);
    let record = service.sole_record().await;
    (
        answer,
        record.completed.of_request("trace_id").to_owned(),
        heard,
    )
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
    headers
        .get(name)
        .map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn what_the_w3c_names_comes_in_and_goes_out() {
    let lines = format!(
        "traceparent: 00-{TRACE}-{CALLER}-01\r\ntracestate: foo=1\r\ntracestate: bar=2\r\nbaggage: plan=gr%C3%BCn,card=4111\r\n"
    );
    let (answer, trace, heard) = through("tracecontext,baggage", "127.0.0.0/8", &lines).await;
    assert_eq!(trace, TRACE);
    assert_eq!(String::from_utf8(answer.body).unwrap(), "grün");
    assert!(text(&heard, "traceparent").starts_with(&format!("00-{TRACE}-")));
    assert!(!text(&heard, "traceparent").contains(CALLER));
    assert_eq!(text(&heard, "tracestate"), "foo=1,bar=2");
    assert_eq!(text(&heard, "baggage"), "plan=gr%C3%BCn");
}

#[tokio::test]
async fn b3_comes_in_and_goes_out() {
    let lines = format!("b3: {}-{CALLER}-1\r\n", &TRACE[16..]);
    let (_, trace, heard) = through("b3,b3multi", "127.0.0.0/8", &lines).await;
    assert_eq!(trace, format!("{}{}", "0".repeat(16), &TRACE[16..]));
    let span = text(&heard, "x-b3-spanid");
    assert_eq!(text(&heard, "b3"), format!("{trace}-{span}-1"));
    assert_eq!(text(&heard, "x-b3-traceid"), trace);
    assert_eq!(text(&heard, "x-b3-sampled"), "1");
    assert_eq!(text(&heard, "traceparent"), "");
}

#[tokio::test]
async fn several_b3_headers_are_translated_for_a_callee() {
    let lines = format!("X-B3-TraceId: {TRACE}\r\nX-B3-SpanId: {CALLER}\r\nX-B3-Sampled: 0\r\n");
    let (_, trace, heard) = through("tracecontext,b3multi", "127.0.0.0/8", &lines).await;
    assert_eq!(trace, TRACE);
    let traceparent = text(&heard, "traceparent");
    assert!(traceparent.starts_with(&format!("00-{TRACE}-")) && traceparent.ends_with("-00"));
    assert_eq!(text(&heard, "x-b3-sampled"), "0");
}

#[tokio::test]
async fn an_elastic_agents_trace_is_continued() {
    let lines = format!("elastic-apm-traceparent: 00-{TRACE}-{CALLER}-01\r\n");
    let (_, trace, heard) = through("tracecontext", "127.0.0.0/8", &lines).await;
    assert_eq!(trace, TRACE);
    assert_eq!(text(&heard, "elastic-apm-traceparent"), "");
}

#[tokio::test]
async fn of_a_stranger_nothing_reaches_handler_or_callee() {
    let all = "tracecontext,baggage,b3,b3multi";
    let (service, heard) = start(all, "10.0.0.0/8").await;
    let w3c = format!("00-{TRACE}-{CALLER}-01");
    for (count, line) in (1..).zip([
        format!("traceparent: {w3c}\r\ntracestate: foo=1\r\n"),
        format!("elastic-apm-traceparent: {w3c}\r\n"),
        format!("b3: {TRACE}-{CALLER}-d\r\n"),
        format!("x-b3-traceid: {TRACE}\r\nx-b3-spanid: {CALLER}\r\nx-b3-flags: 1\r\n"),
    ]) {
        let lines = format!("{line}baggage: plan=gold\r\n");
        assert_eq!(service.ask("GET", "/call", &lines, "").await.body, b"");
        service.counted(count).await;
        is_strange(&service, &heard.lock().unwrap().remove(0));
    }
}

/// The span of the last request points at the stranger's, and its callee has heard of its own trace alone.
fn is_strange(service: &Service, heard: &HeaderMap) {
    let span = service.spans.servers().pop().unwrap();
    let links: Vec<_> = span
        .links
        .iter()
        .map(|link| link.trace_id().to_string())
        .collect();
    assert_eq!((span.parent, links), (None, vec![TRACE.to_owned()]));
    assert_eq!(text(heard, "x-b3-traceid"), span.trace_id.to_string());
    for name in ["tracestate", "baggage", "x-b3-flags"] {
        assert_eq!(text(heard, name), "", "{name}");
    }
}

#[tokio::test]
async fn without_propagators_nothing_comes_in_or_goes_out_but_the_request_id() {
    let lines = format!("traceparent: 00-{TRACE}-{CALLER}-01\r\nbaggage: plan=gold\r\n");
    let (answer, trace, heard) = through("none", "127.0.0.0/8", &lines).await;
    assert_ne!(trace, TRACE);
    assert_eq!(answer.body, b"");
    assert_eq!(text(&heard, "x-request-id"), answer.header("x-request-id"));
    for name in ["traceparent", "tracestate", "baggage", "b3", "x-b3-traceid"] {
        assert_eq!(text(&heard, name), "", "{name}");
    }
}
