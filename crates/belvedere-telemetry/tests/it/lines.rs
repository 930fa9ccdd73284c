//! Lines over OTLP.

use std::time::Duration;

use belvedere_core::Identity;
use belvedere_telemetry::TelemetryConfig;
use belvedere_testing::{OtlpSink, ReceivedLog};
use serde_json::Value;

use crate::helpers::{Started, child, dropped, is_child, line, lines, request, start};

fn to(endpoint: String, change: impl FnOnce(&mut TelemetryConfig)) -> Started {
    start(|config| {
        config.otel.exporter_otlp_logs_endpoint = Some(endpoint);
        config.otel.logs_exporter = Some("otlp".to_owned());
        change(config);
    })
}

fn named(sink: &OtlpSink, body: &str) -> ReceivedLog {
    let logs = sink.logs();
    let mut found = logs.iter().filter(|log| log.body == body);
    let log = found
        .next()
        .unwrap_or_else(|| panic!("no {body} in {logs:?}"));
    assert!(found.next().is_none(), "{body} came twice");
    log.clone()
}

fn tell_everything(started: &Started) {
    let context = request(&started.telemetry);
    context.bind_identity(Identity {
        tenant_id: "acme".into(),
        user_id: Some("ada".into()),
    });
    context.enter(|| {
        tracing::warn!(
            order = 7,
            share = 0.5,
            vip = true,
            api_key = "hunter2",
            text = "a \"b\" é\n",
            "order_placed"
        );
    });
    belvedere_core::critical!("the_end");
}

#[test]
fn what_leaves_is_what_stdout_shows() {
    const NAME: &str = "lines::what_leaves_is_what_stdout_shows";
    if is_child() {
        let started = to(std::env::var("ENDPOINT").unwrap(), |_| ());
        tell_everything(&started);
        assert!(started.telemetry.flush_traces() && started.telemetry.flush_log());
        return;
    }
    let sink = OtlpSink::start().unwrap();
    let mut command = child(NAME);
    let output = command.env("ENDPOINT", sink.endpoint()).output().unwrap();
    let shown = line(&lines(&output), "order_placed");
    let log = named(&sink, "order_placed");
    assert_eq!((log.severity_number, &*log.severity_text), (13, "warn"));
    assert_eq!(
        (&*log.trace_id, &*log.span_id),
        (text(&shown, "trace_id"), text(&shown, "span_id"))
    );
    assert_eq!(log.flags, 0);
    let told = shown.as_object().unwrap().iter();
    let places = [
        "timestamp",
        "level",
        "message",
        "service",
        "environment",
        "version",
    ];
    let ids = ["trace_id", "span_id", "trace_flags"];
    let others = told.filter(|(key, _)| ![&places[..], &ids].concat().contains(&key.as_str()));
    let mut count = 0;
    for (key, value) in others {
        let value = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        assert_eq!(log.attributes[key], value, "{key}");
        count += 1;
    }
    assert_eq!(log.attributes.len(), count, "{log:?}");
    for key in [
        "tenant_id",
        "user_id",
        "request_id",
        "route",
        "path",
        "order",
        "target",
    ] {
        assert!(log.attributes.contains_key(key), "{key}");
    }
    assert_eq!(log.attributes["api_key"], "[REDACTED]");
    assert_eq!(log.resource["service.name"], "shop");
    let last = named(&sink, "the_end");
    assert_eq!(
        (last.severity_number, &*last.severity_text),
        (21, "critical")
    );
    assert_eq!(last.trace_id, "");
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().expect("it is text")
}

#[test]
fn lines_leave_only_when_they_are_asked_to() {
    let sink = OtlpSink::start().unwrap();
    let started = start(|config| {
        config.otel.exporter_otlp_endpoint = Some(sink.endpoint());
    });
    tracing::info!("order_placed");
    assert!(started.telemetry.flush_traces() && started.telemetry.flush_log());
    assert_eq!((sink.logs(), sink.requests()), (vec![], vec![]));
}

/// Pretty on stdout is for people; a collector gets the same as ever.
#[test]
fn a_pretty_log_leaves_whole() {
    let sink = OtlpSink::start().unwrap();
    let started = to(sink.endpoint(), |config| {
        config.log.format = belvedere_telemetry::LogFormat::Pretty;
        config.otel.exporter_otlp_logs_protocol = Some("http/protobuf".to_owned());
        config.otel.exporter_otlp_logs_endpoint = Some(format!("{}/v1/logs", sink.endpoint()));
    });
    tell_everything(&started);
    assert!(started.telemetry.flush_log());
    assert_eq!(named(&sink, "order_placed").attributes["order"], "7");
    assert_eq!(sink.requests()[0].path, "/v1/logs");
}

/// In a child: the sink here would log as well.
#[test]
fn what_an_exporter_logs_is_not_exported_in_its_turn() {
    const NAME: &str = "lines::what_an_exporter_logs_is_not_exported_in_its_turn";
    if is_child() {
        let _started = to(std::env::var("ENDPOINT").unwrap(), |config| {
            config.log.level = "trace".to_owned();
            config.log.wire = true;
            config.otel.blrp_schedule_delay = 10;
        });
        tracing::info!("order_placed");
        std::thread::sleep(Duration::from_millis(500));
        return;
    }
    let sink = OtlpSink::start().unwrap();
    let mut command = child(NAME);
    command.env("ENDPOINT", sink.endpoint()).output().unwrap();
    named(&sink, "order_placed");
    // Were it so, each batch would be the reason for the next.
    assert!(sink.requests().len() < 10, "{}", sink.requests().len());
}

#[test]
fn lines_that_do_not_leave_are_counted_and_stay_on_stdout() {
    const NAME: &str = "lines::lines_that_do_not_leave_are_counted_and_stay_on_stdout";
    if is_child() {
        let started = to(crate::helpers::refusing(), |config| {
            config.otel.blrp_max_queue_size = 3;
            config.otel.blrp_schedule_delay = 60_000;
            config.otel.blrp_max_export_batch_size = 512;
        });
        (0..1000).for_each(|n| tracing::info!(n, "order_placed"));
        started.telemetry.flush_log();
        let lost = |reason| dropped(&started, "logs", reason);
        assert!(lost("export_queue_full") > 0);
        assert_eq!(lost("export_queue_full") + lost("export_failed"), 1000);
        return;
    }
    let output = child(NAME).output().unwrap();
    let shown = lines(&output);
    let told = |message: &str| {
        shown
            .iter()
            .filter(|line| line["message"] == message)
            .count()
    };
    assert_eq!(told("order_placed"), 1000);
    assert_eq!(
        told("telemetry_export_failed"),
        1,
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
}
