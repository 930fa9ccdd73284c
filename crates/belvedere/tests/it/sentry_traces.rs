//! What Sentry is told of a service's requests.

use std::time::{Duration, Instant};

use belvedere_testing::{OtlpSink, SentrySink, TestService, TestServiceBuilder};
use reqwest::{Client, Method};
use serde_json::{Value, json};

use crate::helpers::service;

const PATIENCE: Duration = Duration::from_secs(60);
const RATE: &str = "SENTRY__TRACES_SAMPLE_RATE";
const REQUESTS: usize = 100;

/// Everything to Sentry, and nothing anywhere else.
fn alone(sentry: &SentrySink) -> TestServiceBuilder {
    told_to(service(), sentry).variable("OTEL_TRACES_EXPORTER", "none")
}

fn told_to(service: TestServiceBuilder, sentry: &SentrySink) -> TestServiceBuilder {
    let service = service.variable("SENTRY_DSN", &sentry.dsn());
    service.variable(RATE, "1")
}

/// The one transaction of a request, once the service has ended and can tell no more.
fn only_transaction_of(sentry: &SentrySink, request_id: &str) -> Value {
    let transactions = sentry.transactions().into_iter();
    let mut own = transactions.filter(|told| told["tags"]["request_id"] == *request_id);
    let transaction = own.next().expect("the request was told");
    assert_eq!(own.next(), None, "it was told twice");
    transaction
}

fn spans(transaction: &Value) -> &[Value] {
    transaction["spans"].as_array().unwrap()
}

#[tokio::test]
async fn sentry_alone_is_enough_and_is_told_the_ids_of_the_log() {
    let sentry = SentrySink::start().unwrap();
    let service = alone(&sentry).start().unwrap();
    let (trace_id, caller) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
    let request = service.anonymous().request(Method::GET, "/steps/2");
    let header = format!("00-{trace_id}-{caller}-01");
    let answer = request.header("traceparent", header).send().await.unwrap();
    let id = answer.headers()["x-request-id"].to_str().unwrap();
    let line = service.completed(id).await;
    service.stop().unwrap();
    let told = only_transaction_of(&sentry, id);
    assert_eq!(told["transaction"], "GET /steps/{count}");
    assert_eq!(told["environment"], "development");
    assert!(told["release"].as_str().unwrap().contains('@'), "{told}");
    let trace = &told["contexts"]["trace"];
    assert_eq!(trace["trace_id"], trace_id);
    assert_eq!(trace["parent_span_id"], caller);
    assert_eq!(
        (&trace["op"], &trace["status"]),
        (&json!("http.server"), &json!("ok"))
    );
    for key in ["trace_id", "span_id"] {
        assert_eq!(trace[key], line[key], "{key}");
    }
    for key in ["trace_id", "method", "route"] {
        assert_eq!(told["tags"][key], line[key], "{key}");
    }
    let [handler, first, second] = spans(&told) else {
        panic!("{told}");
    };
    assert_eq!(handler["parent_span_id"], trace["span_id"]);
    for (step, number) in [(first, 0), (second, 1)] {
        assert_eq!(step["parent_span_id"], handler["span_id"]);
        assert_eq!(
            (&step["op"], &step["description"]),
            (&json!("function"), &json!("step"))
        );
        assert_eq!(step["data"]["number"], number.to_string());
        let times = ["start_timestamp", "timestamp"].map(|key| step[key].as_f64().unwrap());
        assert!(times[0] <= times[1], "{step}");
    }
    assert!(told.get("user").is_none() && told.get("request").is_none());
    assert!(!told.to_string().contains("127.0.0.1"), "{told}");
}

#[tokio::test]
async fn who_asked_is_in_the_transaction_as_in_events() {
    let sentry = SentrySink::start().unwrap();
    let service = alone(&sentry).start().unwrap();
    let answer = service.tenant("acme").get("/mine").await;
    service.stop().unwrap();
    let told = only_transaction_of(&sentry, &answer.request_id());
    assert_eq!(told["tags"]["tenant_id"], "acme", "{told}");
}

#[tokio::test]
async fn a_failure_and_its_request_meet_in_one_trace() {
    let sentry = SentrySink::start().unwrap();
    let service = alone(&sentry).start().unwrap();
    let id = service.get("/fails").await.request_id();
    service.stop().unwrap();
    let told = only_transaction_of(&sentry, &id);
    let event = &sentry.events()[0];
    let trace = &told["contexts"]["trace"];
    for key in ["trace_id", "span_id"] {
        assert_eq!(trace[key], event["contexts"]["trace"][key], "{key}");
    }
    assert_eq!(trace["status"], "internal_error");
    assert_eq!(event["tags"]["request_id"], *id);
}

#[tokio::test]
async fn a_failure_is_told_whatever_the_share() {
    let sentry = SentrySink::start().unwrap();
    let service = alone(&sentry)
        .variable(RATE, "0.000000001")
        .start()
        .unwrap();
    service.get("/ok").await;
    let id = service.get("/fails").await.request_id();
    service.stop().unwrap();
    assert_eq!(sentry.transactions().len(), 1);
    only_transaction_of(&sentry, &id);
}

#[tokio::test]
async fn each_back_end_has_its_own_share() {
    for (otlp_ratio, sentry_ratio) in [("1", "0"), ("0", "1")] {
        let (otlp, sentry) = (OtlpSink::start().unwrap(), SentrySink::start().unwrap());
        let service = told_to(service(), &sentry)
            .variable("OTEL_EXPORTER_OTLP_ENDPOINT", &otlp.endpoint())
            .variable("OTEL_TRACES_SAMPLER_ARG", otlp_ratio)
            .variable(RATE, sentry_ratio)
            .start()
            .unwrap();
        for _ in 0..REQUESTS {
            service.get("/ok").await;
        }
        service.stop().unwrap();
        let wanted = |ratio| if ratio == "1" { REQUESTS } else { 0 };
        assert_eq!(otlp.spans().len(), wanted(otlp_ratio));
        assert_eq!(sentry.transactions().len(), wanted(sentry_ratio));
    }
}

#[tokio::test]
async fn an_order_at_run_time_is_sentrys_too() {
    let sentry = SentrySink::start().unwrap();
    let service = alone(&sentry).start().unwrap();
    let mut ids = Vec::new();
    for ratio in [0, 1] {
        let url = format!("http://{}/sampling", service.admin());
        let order = Client::new().put(url).json(&json!({ "ratio": ratio }));
        assert_eq!(order.send().await.unwrap().status(), 200);
        ids.push(service.get("/ok").await.request_id());
    }
    service.stop().unwrap();
    assert_eq!(sentry.transactions().len(), 1);
    only_transaction_of(&sentry, &ids[1]);
}

#[tokio::test]
async fn a_request_of_a_thousand_spans_is_cut_and_says_so() {
    let sentry = SentrySink::start().unwrap();
    let service = alone(&sentry)
        .variable("OTEL_BSP_MAX_QUEUE_SIZE", "4096")
        .start()
        .unwrap();
    let id = service.get("/steps/1000").await.request_id();
    let told = sentry.wait_for_transaction(|told| told["tags"]["request_id"] == *id, PATIENCE);
    let told = told.expect("the request was told");
    let kept = spans(&told).len();
    assert!((100..1000).contains(&kept), "{kept}");
    let cut = 1001 - kept;
    assert_eq!(told["tags"]["spans_cut"], cut.to_string());
    let counted =
        format!("telemetry_dropped_total{{reason=\"transaction_full\",signal=\"traces\"}} {cut}");
    service.metric(&counted).await;
}

#[tokio::test]
async fn a_server_that_hangs_costs_no_request_and_no_end_and_what_is_lost_is_counted() {
    let sentry = SentrySink::hanging().unwrap();
    let service = alone(&sentry).start().unwrap();
    let began = Instant::now();
    for _ in 0..20 * REQUESTS {
        assert_eq!(service.get("/ok").await.status, 200);
    }
    assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
    let deadline = Instant::now() + PATIENCE;
    let lost = "telemetry_dropped_total{reason=\"queue_full\",signal=\"traces\"} ";
    while !service.metrics().await.contains(lost) {
        assert!(Instant::now() < deadline, "nothing was counted");
    }
    let ending = Instant::now();
    let (status, lines) = service.stop().unwrap();
    assert!(
        ending.elapsed() < Duration::from_secs(15),
        "{:?}",
        ending.elapsed()
    );
    assert!(status.success());
    let line = |message: &str| {
        let mut lines = lines.iter();
        lines.find(|line| line["message"] == message).unwrap()
    };
    let stopped = line("application_stopped");
    assert_eq!(stopped["traces_flushed"], false);
    assert_eq!(stopped["errors_flushed"], true);
    assert!(line("traces_not_flushed")["spans"].as_u64().unwrap() > 0);
}

#[tokio::test]
async fn it_is_told_whether_requests_are_told() {
    let configured = |service: TestService| async move {
        let line = service
            .line(|line| line["message"] == "telemetry_configured")
            .await;
        line["transactions"].as_str().unwrap().to_owned()
    };
    let sentry = SentrySink::start().unwrap();
    let start = |rate| alone(&sentry).variable(RATE, rate).start().unwrap();
    assert_eq!(
        configured(service().start().unwrap()).await,
        "off: no SENTRY__DSN"
    );
    assert_eq!(
        configured(start("0")).await,
        "off: SENTRY__TRACES_SAMPLE_RATE is 0"
    );
    assert_eq!(configured(start("0.5")).await, "on: sentry, ratio 0.5");
}
