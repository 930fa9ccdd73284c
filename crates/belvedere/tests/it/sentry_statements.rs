//! Statements in the transactions of requests.

use belvedere_testing::{OtlpSink, SentrySink, TestService, ThrowAwayPostgres};
use reqwest::Method;
use serde_json::Value;

use crate::helpers::example;

struct Stored {
    service: TestService,
    sentry: SentrySink,
    otlp: OtlpSink,
}

fn start() -> Stored {
    let (sentry, otlp) = (SentrySink::start().unwrap(), OtlpSink::start().unwrap());
    let service = TestService::builder(&example("stored"))
        .postgres(ThrowAwayPostgres::start().unwrap())
        .variable("OTEL_EXPORTER_OTLP_ENDPOINT", &otlp.endpoint())
        .variable("SENTRY_DSN", &sentry.dsn())
        .variable("SENTRY__TRACES_SAMPLE_RATE", "1")
        .start()
        .unwrap();
    Stored {
        service,
        sentry,
        otlp,
    }
}

#[tokio::test]
async fn a_transaction_has_the_spans_of_the_trace_with_their_ids_parents_and_times() {
    let Stored {
        service,
        sentry,
        otlp,
    } = start();
    let id = service.get("/now").await.request_id();
    let line = service.completed(&id).await;
    service.stop().unwrap();
    let spans = otlp.trace(line["trace_id"].as_str().unwrap());
    let of = |kind| spans.iter().find(|span| span.kind == kind).unwrap();
    let (server, statement) = (of("server"), of("client"));
    let mut told = sentry.transactions().into_iter();
    let told = told.find(|told| told["tags"]["request_id"] == *id).unwrap();
    let trace = &told["contexts"]["trace"];
    let [query] = &**told["spans"].as_array().unwrap() else {
        panic!("{told}");
    };
    for (told, span) in [(trace, server), (query, statement)] {
        assert_eq!(told["trace_id"], *span.trace_id);
        assert_eq!(told["span_id"], *span.span_id);
    }
    assert_eq!(query["parent_span_id"], *statement.parent_span_id);
    assert_eq!(query["parent_span_id"], trace["span_id"]);
    assert_eq!(query["op"], "db");
    assert_eq!(query["description"], "SELECT now()::text");
    assert_eq!(query["data"]["db.system.name"], "postgresql");
    let seconds = |told: &Value, key: &str| told[key].as_f64().unwrap();
    for (told, span) in [(&told, server), (query, statement)] {
        for (key, nanos) in [
            ("start_timestamp", span.start_nanos),
            ("timestamp", span.end_nanos),
        ] {
            let apart = seconds(told, key) - nanos as f64 / 1e9;
            assert!(apart.abs() < 1e-5, "{key}: {apart}");
        }
    }
}

#[tokio::test]
async fn no_secret_of_a_path_or_a_statement_is_in_an_envelope() {
    let Stored {
        service, sentry, ..
    } = start();
    let jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.hunter2hunter2hunter2";
    service.get(&format!("/accounts/{jwt}")).await;
    for secret in ["Bearer hunter2hunter2", "amqp://shop:hunter2@mq/v", jwt] {
        let request = service.anonymous().request(Method::POST, "/literals");
        let answer = request.body(secret).send().await.unwrap();
        assert_eq!(answer.text().await.unwrap(), secret);
    }
    service.stop().unwrap();
    let envelopes = sentry.envelopes().concat();
    assert_eq!(sentry.transactions().len(), 4);
    assert!(envelopes.contains("SELECT") && envelopes.contains("[REDACTED]"));
    assert!(!envelopes.contains("hunter2"), "{envelopes}");
}
