//! What is waiting when the process is told to end.

use std::{
    net::TcpListener,
    time::{Duration, Instant},
};

use belvedere_testing::{OtlpSink, TestServiceBuilder};

use crate::helpers::service;

const REQUESTS: usize = 300;
/// Five times what all signals have together at the end.
const END: Duration = Duration::from_secs(5 * 3);
/// Longer than any test: nothing leaves before the end.
const NEVER: &str = "600000";

fn exporting(endpoint: &str, protocol: &str) -> TestServiceBuilder {
    service()
        .variable("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
        .variable("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)
        .variable("OTEL_TRACES_SAMPLER", "always_on")
        .variable("OTEL_LOGS_EXPORTER", "otlp")
        .variable("OTEL_BSP_SCHEDULE_DELAY", NEVER)
        .variable("OTEL_BLRP_SCHEDULE_DELAY", NEVER)
}

async fn all_arrives(workers: &str, protocol: &str) {
    let sink = OtlpSink::start().unwrap();
    let service = exporting(&sink.endpoint(), protocol).variable("TOKIO_WORKER_THREADS", workers);
    let service = service.start().unwrap();
    for _ in 0..REQUESTS {
        assert_eq!(service.anonymous().get("/ok").await.status, 200);
    }
    assert_eq!((sink.spans().len(), sink.logs().len()), (0, 0));
    let (status, lines) = service.stop().unwrap();
    assert_eq!(status.code(), Some(0));
    let stopped = lines.last().unwrap();
    assert_eq!(stopped["message"], "application_stopped");
    assert_eq!(stopped["traces_flushed"], true);
    assert_eq!(sink.spans().len(), REQUESTS);
    let logs = sink.logs();
    let told = |body: &str| logs.iter().filter(|log| log.body == body).count();
    assert_eq!(
        (told("request_completed"), told("application_stopped")),
        (REQUESTS, 1)
    );
    assert_eq!(logs.len(), lines.len());
    for span in sink.spans() {
        assert!(
            logs.iter()
                .any(|log| log.trace_id == span.trace_id && log.span_id == span.span_id)
        );
    }
}

#[tokio::test]
async fn every_span_and_every_line_arrives_before_the_end() {
    all_arrives("4", "grpc").await;
}

#[tokio::test]
async fn every_span_and_every_line_arrives_over_http_with_one_worker() {
    all_arrives("1", "http/protobuf").await;
}

#[tokio::test]
async fn every_span_and_every_line_arrives_over_grpc_with_one_worker() {
    all_arrives("1", "grpc").await;
}

#[tokio::test]
async fn a_collector_that_hangs_delays_the_end_by_no_more_than_it_may() {
    // Connections are accepted by the kernel and answered by nobody.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let service = exporting(&endpoint, "http/protobuf").start().unwrap();
    for _ in 0..10 {
        assert_eq!(service.anonymous().get("/ok").await.status, 200);
    }
    let began = Instant::now();
    let (status, lines) = service.stop().unwrap();
    assert!(began.elapsed() < END, "{:?}", began.elapsed());
    assert_eq!(status.code(), Some(0));
    let left = lines
        .iter()
        .find(|line| line["message"] == "traces_not_flushed");
    assert_eq!(left.unwrap()["spans"], 10);
    let stopped = lines
        .iter()
        .find(|line| line["message"] == "application_stopped");
    assert_eq!(stopped.unwrap()["traces_flushed"], false);
}

#[tokio::test]
async fn the_environment_says_who_sends_and_where_to() {
    let (otlp, elastic) = (OtlpSink::start().unwrap(), OtlpSink::start().unwrap());
    let service = exporting(&otlp.endpoint(), "grpc")
        .variable("OTEL_RESOURCE_ATTRIBUTES", "team=red,host.name=h1")
        .variable("K8S_POD_NAME", "shop-7")
        .variable("ELASTIC_APM__IS_ENABLED", "true")
        .variable("ELASTIC_APM__SERVER_URL", &elastic.endpoint())
        .variable("ELASTIC_APM__SECRET_TOKEN", "hunter2")
        .variable("ELASTIC_APM__SERVICE_NAME", "till");
    let service = service.start().unwrap();
    assert_eq!(service.anonymous().get("/ok").await.status, 200);
    assert_eq!(service.stop().unwrap().0.code(), Some(0));
    for (sink, name) in [(&otlp, "belvedere"), (&elastic, "till")] {
        let resource = &sink.spans()[0].resource;
        assert_eq!(resource["service.name"], name);
        assert_eq!((&*resource["team"], &*resource["host.name"]), ("red", "h1"));
        assert_eq!(resource["k8s.pod.name"], "shop-7");
    }
    let headers = &elastic.requests()[0].headers;
    assert_eq!(headers["authorization"], "Bearer hunter2");
}
