use belvedere_telemetry::{OtelConfig, TelemetryConfig, TelemetryError};
use tracing::info_span;

use crate::helpers::{request, start, try_start};

type Change = fn(&mut TelemetryConfig);

fn otel(change: impl FnOnce(&mut OtelConfig)) -> impl FnOnce(&mut TelemetryConfig) {
    |config| change(&mut config.otel)
}

#[test]
fn what_cannot_be_is_told_with_its_variable_and_leaves_the_process_as_it_was() {
    let endpoint = || Some("http://127.0.0.1:4317".to_owned());
    let cases: [(&str, Change); 7] = [
        ("OTEL_TRACES_EXPORTER", |c| {
            c.otel.traces_exporter = Some("zipkin".to_owned());
        }),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", |c| {
            c.otel.exporter_otlp_protocol = "http/json".to_owned();
        }),
        ("OTEL_TRACES_SAMPLER", |c| {
            c.otel.traces_sampler = "sometimes".to_owned();
        }),
        ("OTEL_TRACES_SAMPLER_ARG", |c| {
            c.otel.traces_sampler_arg = Some(1.5);
        }),
        ("LOG__LEVEL", |c| c.log.level = "loud".to_owned()),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", |c| {
            c.otel.exporter_otlp_endpoint = Some("no url".to_owned());
        }),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", |c| {
            c.otel.exporter_otlp_traces_endpoint = Some("no url".to_owned());
        }),
    ];
    for (variable, change) in cases {
        let error = try_start(change).err().unwrap();
        let TelemetryError::Config(error) = error else {
            panic!("{variable}: {error}");
        };
        assert_eq!(error.problems[0].place, variable, "{error}");
    }
    let started = start(otel(|otel| otel.exporter_otlp_endpoint = endpoint()));
    assert!(started.telemetry.tracer().is_on());
}

#[test]
fn all_that_cannot_be_is_told_at_once() {
    let error = try_start(|config| {
        config.log.level = "loud".to_owned();
        config.otel.traces_sampler = "sometimes".to_owned();
        config.otel.traces_exporter = Some("zipkin".to_owned());
    });
    let Err(TelemetryError::Config(error)) = error.map(drop) else {
        panic!("it started");
    };
    let places: Vec<_> = error
        .problems
        .iter()
        .map(|problem| &*problem.place)
        .collect();
    assert_eq!(
        places,
        ["OTEL_TRACES_EXPORTER", "OTEL_TRACES_SAMPLER", "LOG__LEVEL"]
    );
}

#[test]
fn a_second_start_is_refused() {
    let _first = start(|_| ());
    assert!(matches!(try_start(|_| ()), Err(TelemetryError::Metrics(_))));
}

#[test]
fn a_disabled_sdk_makes_no_span_and_still_gives_every_request_its_ids() {
    let started = start(otel(|otel| {
        otel.sdk_disabled = true;
        otel.exporter_otlp_endpoint = Some("http://127.0.0.1:4317".to_owned());
    }));
    assert!(!started.telemetry.tracer().is_on());
    let context = request(&started.telemetry);
    assert!(context.enter(|| info_span!("process_order").is_disabled()));
    assert!(info_span!("outside").is_disabled());
    assert_eq!(context.trace_id().to_string().len(), 32);
    assert!(started.telemetry.flush_traces());
}

#[test]
fn metrics_that_are_off_cost_nothing_and_show_nothing() {
    let started = start(|config| config.prometheus.is_enabled = false);
    metrics::counter!("orders_total").increment(1);
    assert_eq!(started.telemetry.metrics().render(), "");
}

#[test]
fn lines_are_counted_by_level() {
    let started = start(|_| ());
    tracing::warn!("x");
    belvedere_core::critical!("y");
    let text = started.telemetry.metrics().render();
    for level in ["warn", "critical"] {
        assert!(
            text.contains(&format!("log_events_total{{level=\"{level}\"}} 1")),
            "{text}"
        );
    }
}
