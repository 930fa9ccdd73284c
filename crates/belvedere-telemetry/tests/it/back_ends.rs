//! Several back ends of traces, each with its own share.

use std::time::{Duration, SystemTime};

use belvedere_core::{
    RequestContext,
    control::Order,
    names::event,
    trace::{ChildSpan, SpanRecord, Status},
};
use belvedere_telemetry::TelemetryConfig;
use belvedere_testing::OtlpSink;
use opentelemetry::trace::SpanKind;
use tracing::info_span;

use crate::helpers::{Started, child, is_child, line, lines, request, start};

const REQUESTS: usize = 400;

struct Both {
    otlp: OtlpSink,
    elastic: OtlpSink,
    started: Started,
}

fn start_both(ratio: f64, elastic_ratio: f64) -> Both {
    let (otlp, elastic) = (
        OtlpSink::start().expect("a free port"),
        OtlpSink::start().expect("a free port"),
    );
    let started = start(|config| {
        config.otel.exporter_otlp_endpoint = Some(otlp.endpoint());
        config.otel.traces_sampler_arg = Some(ratio);
        with_elastic(config, &elastic.endpoint(), elastic_ratio);
    });
    Both {
        otlp,
        elastic,
        started,
    }
}

fn with_elastic(config: &mut TelemetryConfig, endpoint: &str, ratio: f64) {
    config.elastic_apm.is_enabled = true;
    config.elastic_apm.server_url = Some(endpoint.to_owned().into());
    config.elastic_apm.secret_token = Some("hunter2".into());
    config.elastic_apm.service_name = Some("till".to_owned());
    config.elastic_apm.transaction_sample_rate = ratio;
}

/// A request with a statement and a user's span in it, as the observe layer ends it.
fn serve(started: &Started, fails: bool) -> String {
    let context = request(&started.telemetry);
    context.enter(|| {
        info_span!("process_order").in_scope(|| ());
        let statement = ChildSpan::begin().expect("export is on");
        statement.finish(&SpanKind::Client, "SELECT orders", &[], Status::Unset);
    });
    context.decide(fails);
    if context.is_sampled() || fails {
        end(&context);
    }
    context.trace_id().to_string()
}

fn end(context: &RequestContext) {
    let now = SystemTime::now();
    context.record(&SpanRecord {
        trace_id: context.trace_id(),
        span_id: context.span_id(),
        parent: None,
        trace_state: None,
        kind: &SpanKind::Server,
        name: "GET /v1/orders/{id}",
        start: now - Duration::from_millis(5),
        end: now,
        attributes: &[],
        status: Status::Unset,
        link: None,
    });
}

fn serve_many(started: &Started, fails: bool) {
    (0..REQUESTS).for_each(|_| drop(serve(started, fails)));
}

fn count(sink: &OtlpSink, name: &str) -> usize {
    sink.spans().iter().filter(|span| span.name == name).count()
}

#[test]
fn each_back_end_gets_its_own_share_of_the_same_traces() {
    let both = start_both(0.25, 1.0);
    serve_many(&both.started, false);
    assert!(both.started.telemetry.flush_traces());
    assert_eq!(count(&both.elastic, "GET /v1/orders/{id}"), REQUESTS);
    let share = count(&both.otlp, "GET /v1/orders/{id}");
    // 100 are expected, with a standard deviation of 9.
    assert!((40..=160).contains(&share), "{share}");
    for name in ["process_order", "SELECT orders"] {
        assert_eq!(count(&both.elastic, name), REQUESTS, "{name}");
        assert_eq!(count(&both.otlp, name), share, "{name}");
    }
    for span in both.otlp.spans() {
        assert_eq!(both.elastic.trace(&span.trace_id).len(), 3);
        assert_eq!(both.otlp.trace(&span.trace_id).len(), 3);
    }
}

#[test]
fn failures_go_to_all_of_them_whole_and_once() {
    let both = start_both(0.0, 0.5);
    serve_many(&both.started, true);
    assert!(both.started.telemetry.flush_traces());
    for sink in [&both.otlp, &both.elastic] {
        assert_eq!(count(sink, "GET /v1/orders/{id}"), REQUESTS);
        assert_eq!(count(sink, "SELECT orders"), REQUESTS);
    }
    assert_eq!(count(&both.otlp, "process_order"), 0);
}

#[test]
fn elastic_gets_its_token_its_name_and_no_other_header() {
    let both = start_both(1.0, 1.0);
    let trace = serve(&both.started, false);
    assert!(both.started.telemetry.flush_traces());
    let seen = &both.elastic.requests()[0];
    assert_eq!(seen.path, "/v1/traces");
    assert_eq!(seen.headers["authorization"], "Bearer hunter2");
    assert!(
        !both.otlp.requests()[0]
            .headers
            .contains_key("authorization")
    );
    assert_eq!(
        both.elastic.trace(&trace)[0].resource["service.name"],
        "till"
    );
    assert_eq!(both.otlp.trace(&trace)[0].resource["service.name"], "shop");
}

#[test]
fn elastic_alone_is_enough() {
    let elastic = OtlpSink::start().expect("a free port");
    let started = start(|config| with_elastic(config, &elastic.endpoint(), 1.0));
    serve(&started, false);
    assert!(started.telemetry.flush_traces());
    assert_eq!(elastic.spans().len(), 3);
}

#[test]
fn an_ordered_ratio_is_that_of_every_back_end() {
    let both = start_both(0.0, 0.5);
    let control = both.started.telemetry.control();
    let order = || Order {
        ttl: None,
        ..Order::default()
    };
    control.set_ratio(1.0, order()).unwrap();
    serve_many(&both.started, false);
    control.set_ratio(0.0, order()).unwrap();
    serve_many(&both.started, false);
    assert!(both.started.telemetry.flush_traces());
    for sink in [&both.otlp, &both.elastic] {
        assert_eq!(count(sink, "GET /v1/orders/{id}"), REQUESTS);
    }
}

#[test]
fn every_signal_is_told_on_or_off_and_why_without_a_password() {
    const NAME: &str = "back_ends::every_signal_is_told_on_or_off_and_why_without_a_password";
    if is_child() {
        let started = start(|config| {
            if std::env::var_os("ALL").is_some() {
                config.otel.exporter_otlp_endpoint =
                    Some("http://u:hunter2@127.0.0.1:9".to_owned());
                config.otel.logs_exporter = Some("otlp".to_owned());
                config.otel.traces_sampler_arg = Some(0.25);
                with_elastic(config, "http://u:hunter2@127.0.0.1:9/", 0.5);
            }
        });
        started.telemetry.announce();
        started.telemetry.flush_log();
        return;
    }
    let told = |command: &mut std::process::Command| {
        line(
            &lines(&command.output().unwrap()),
            event::TELEMETRY_CONFIGURED,
        )
    };
    let off = told(&mut child(NAME));
    assert_eq!(off["logs"], "on: json to stdout at info");
    assert_eq!(off["logs_export"], "off: OTEL_LOGS_EXPORTER is not set");
    assert_eq!(off["traces"], "off: no OTEL_EXPORTER_OTLP_ENDPOINT");
    assert_eq!(off["elastic_apm"], "off: ELASTIC_APM__IS_ENABLED is false");
    assert_eq!(
        off["metrics_export"],
        "off: OTEL_METRICS_EXPORTER is not set"
    );
    let on = told(child(NAME).env("ALL", "1"));
    let url = "http://[REDACTED]@127.0.0.1:9";
    assert_eq!(on["logs_export"], format!("on: otlp/grpc to {url}"));
    assert_eq!(on["traces"], format!("on: otlp/grpc to {url}, ratio 0.25"));
    assert_eq!(
        on["elastic_apm"],
        format!("on: otlp/http to {url}/v1/traces, ratio 0.5")
    );
    assert_eq!(
        (&on["sampler"], &on["ratio"]),
        (&"parentbased_traceidratio".into(), &0.5.into())
    );
}
