//! What others may rely on, of a running service: figures, lines, spans, knobs.

use belvedere_core::names::metric;
use belvedere_testing::TestService;
use serde_json::Value;
use tonic::{Code, Request};

use super::{CALLER, Number, TRACE, client, find, shelf, sole, wanted, watch};

const METHOD: &str = "shelf.v1.Shelf/Find";
const BUCKETS: [&str; 15] = [
    "0.005", "0.01", "0.025", "0.05", "0.075", "0.1", "0.25", "0.5", "0.75", "1", "2.5", "5",
    "7.5", "10", "+Inf",
];

/// The value of a label of one line of an exposition.
fn label<'l>(line: &'l str, name: &str) -> &'l str {
    let (_, rest) = line.split_once(&format!("{name}=\"")).unwrap();
    rest.split('"').next().unwrap()
}

fn names(line: &str) -> Vec<&str> {
    let (_, labels) = line.split_once('{').unwrap();
    let (labels, _) = labels.split_once('}').unwrap();
    let names = labels
        .split(',')
        .map(|pair| pair.split('=').next().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort_unstable();
    names
}

#[tokio::test]
async fn figures_have_the_names_labels_and_buckets_of_the_contract() {
    let service = shelf().start().unwrap();
    let mut client = client(&service).await;
    find(&mut client, wanted(1)).await.unwrap();
    let labels = r#"method="Find",package="shelf.v1",service="Shelf""#;
    let counted = format!(r#"grpc_response_time_seconds_count{{{labels},status_code="OK"}} 1"#);
    service.metric(&counted).await;
    let text = service.metrics().await;
    let of = |begin: &str| {
        let lines = text.lines().filter(|line| line.starts_with(begin));
        let lines: Vec<_> = lines.filter(|line| line.contains("Find")).collect();
        assert!(!lines.is_empty(), "no {begin} in\n{text}");
        lines
    };
    let buckets = of("grpc_response_time_seconds_bucket{");
    let bounds: Vec<_> = buckets.iter().map(|line| label(line, "le")).collect();
    assert_eq!(bounds, BUCKETS);
    let five = ["le", "method", "package", "service", "status_code"];
    assert_eq!(names(buckets[0]), five);
    assert_eq!(names(of("grpc_active_requests{")[0]), five[1..4]);
    assert!(text.contains("\ngrpc_active_connections 1"), "{text}");
    service.lint_metrics().await;
}

#[tokio::test]
async fn a_call_is_one_line_and_one_span_of_the_contract() {
    let service = shelf().start().unwrap();
    let mut client = client(&service).await;
    find(&mut client, wanted(1)).await.unwrap();
    let is_it = |line: &Value| line["message"] == "request_completed" && line["route"] == METHOD;
    let line = service.line(is_it).await;
    for (field, value) in [
        ("method", "POST"),
        ("path", "/shelf.v1.Shelf/Find"),
        ("tenant_id", "acme"),
        ("outcome", "ok"),
        ("grpc_status", "OK"),
    ] {
        assert_eq!(line[field], value, "{field}");
    }
    assert_eq!(line["status_code"], 200);
    assert!(line["duration_ms"].is_number());
    assert_eq!(line["response_bytes"], 7, "a frame's head, and a number");
    let trace = line["trace_id"].as_str().unwrap();
    service.trace(trace).await;
    let spans = service.otlp().trace(trace);
    let span = sole(&spans, "server", METHOD);
    assert_eq!(span.span_id, line["span_id"].as_str().unwrap());
    let wanted = [
        ("rpc.system", "grpc"),
        ("rpc.service", "shelf.v1.Shelf"),
        ("rpc.method", "Find"),
        ("rpc.grpc.status_code", "0"),
        ("tenant_id", "acme"),
        ("request_id", line["request_id"].as_str().unwrap()),
    ];
    for (key, value) in wanted {
        assert_eq!(span.attributes[key], value, "{key}");
    }
    let completed = service.lines().into_iter().filter(is_it);
    assert_eq!(completed.count(), 1);
}

#[tokio::test]
async fn a_call_leaves_its_trace_beside_its_duration() {
    let service = shelf().start().unwrap();
    let mut client = client(&service).await;
    find(&mut client, wanted(1)).await.unwrap();
    let is_it = |line: &Value| line["message"] == "request_completed" && line["route"] == METHOD;
    let line = service.line(is_it).await;
    let url = format!("http://{}/metrics", service.admin());
    let request = reqwest::Client::new().get(url);
    let request = request.header("accept", "application/openmetrics-text;version=1.0.0");
    let text = request.send().await.unwrap().text().await.unwrap();
    let durations = text
        .lines()
        .filter(|line| line.starts_with("grpc_response_time_seconds_bucket{"));
    let told: Vec<_> = durations
        .filter_map(|line| line.split_once(" # "))
        .collect();
    let [(series, exemplar)] = told[..] else {
        panic!("one bucket has it: {told:?}");
    };
    assert_eq!(label(series, "method"), "Find");
    assert_eq!(label(exemplar, "trace_id"), line["trace_id"]);
}

/// The trace that a request and a call are part of, sent along with both.
async fn traces(service: &TestService) -> [String; 2] {
    let parent = format!("00-{TRACE}-{CALLER}-01");
    let request = service
        .anonymous()
        .request(reqwest::Method::GET, "/found")
        .header("traceparent", &parent);
    assert_eq!(request.send().await.unwrap().status(), 200);
    let mut client = client(service).await;
    let mut call = wanted(1);
    let metadata = call.metadata_mut();
    metadata.insert("traceparent", parent.parse().unwrap());
    find(&mut client, call).await.unwrap();
    let trace = async |route: &str| {
        let completed =
            |line: &Value| line["message"] == "request_completed" && line["route"] == route;
        let line = service.line(completed).await;
        line["trace_id"].as_str().unwrap().to_owned()
    };
    [trace("/found").await, trace(METHOD).await]
}

#[tokio::test]
async fn one_setting_says_whose_trace_is_continued_by_requests_and_calls() {
    let trusting = shelf().start().unwrap();
    assert_eq!(traces(&trusting).await, [TRACE, TRACE]);
    let elsewhere = shelf().variable("TRACE__TRUSTED_PEERS", "203.0.113.0/24");
    let wary = elsewhere.start().unwrap();
    let own = traces(&wary).await;
    assert!(!own.contains(&TRACE.to_owned()), "{own:?}");
}

#[tokio::test]
async fn who_may_say_for_whom_he_calls_is_one_setting_too() {
    let service = shelf().variable("AUTH__TRUSTED_HEADERS", "true");
    let service = service.start().unwrap();
    let mut client = client(&service).await;
    let nobody = find(&mut client, Request::new(Number { value: 1 })).await;
    assert_eq!(nobody.unwrap_err().code(), Code::Unauthenticated);
    for tenant in ["a b", "a/b"] {
        let mut request = Request::new(Number { value: 1 });
        let metadata = request.metadata_mut();
        metadata.insert("x-tenant-id", tenant.parse().unwrap());
        let refused = find(&mut client, request).await.unwrap_err();
        assert_eq!(refused.code(), Code::Unauthenticated, "{tenant}");
    }
    let mut twice = wanted(1);
    let metadata = twice.metadata_mut();
    metadata.append("x-tenant-id", "other".parse().unwrap());
    let refused = find(&mut client, twice).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
    assert_eq!(find(&mut client, wanted(1)).await.unwrap(), 2);
}

#[tokio::test]
async fn calls_have_so_many_places_and_none_for_more() {
    let service = shelf().variable("GRPC__MAX_CONCURRENT_CALLS", "1");
    let service = service.start().unwrap();
    let mut client = client(&service).await;
    let numbers = watch(&mut client).await;
    let refused = find(&mut client, wanted(1)).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable);
    drop(numbers);
    let running = format!(
        "{}{{method=\"Watch\",package=\"shelf.v1\",service=\"Shelf\"}} 0",
        metric::GRPC_ACTIVE_REQUESTS
    );
    service.metric(&running).await;
    assert_eq!(find(&mut client, wanted(1)).await.unwrap(), 2);
}
