use super::*;

fn destination(change: impl FnOnce(&mut OtelConfig)) -> Result<Destination, ConfigError> {
    let mut config = OtelConfig::default();
    change(&mut config);
    Destination::of(Signal::Traces, &config)
}

fn target(change: impl FnOnce(&mut OtelConfig)) -> Target {
    match destination(change).unwrap() {
        Destination::To(target) => *target,
        Destination::Off(why) => panic!("off: {why}"),
    }
}

fn is_off(change: impl FnOnce(&mut OtelConfig)) -> bool {
    matches!(destination(change), Ok(Destination::Off(_)))
}

fn url(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn without_an_end_point_nothing_is_sent_unless_it_was_asked_for() {
    assert!(is_off(|_| {}));
    assert!(is_off(|c| {
        c.exporter_otlp_endpoint = url("http://c:4317");
        c.sdk_disabled = true;
    }));
    assert!(is_off(|c| {
        c.exporter_otlp_endpoint = url("http://c:4317");
        c.traces_exporter = Some("none".to_owned());
    }));
    let asked = target(|c| c.traces_exporter = Some("otlp".to_owned()));
    assert_eq!(asked.url, "http://127.0.0.1:4317");
}

#[test]
fn a_general_end_point_gets_a_path_over_http_and_an_own_one_is_used_as_it_is() {
    let general = target(|c| {
        c.exporter_otlp_endpoint = url("http://c:4318/");
        c.exporter_otlp_protocol = "http/protobuf".to_owned();
    });
    assert_eq!(general.url, "http://c:4318/v1/traces");
    let own = target(|c| {
        c.exporter_otlp_endpoint = url("http://c:4317");
        c.exporter_otlp_traces_endpoint = url("http://traces:4318/otlp");
        c.exporter_otlp_traces_protocol = Some("http/protobuf".to_owned());
    });
    assert_eq!(own.url, "http://traces:4318/otlp");
    assert_eq!(own.protocol, Protocol::Http);
}

#[test]
fn headers_compression_and_timeout_may_be_a_signals_own() {
    let target = target(|c| {
        c.exporter_otlp_endpoint = url("http://c:4317");
        c.exporter_otlp_headers = Some("x-general=1".into());
        c.exporter_otlp_traces_headers = Some("Api-Key = a%20b , x-team=core".into());
        c.exporter_otlp_compression = Some("gzip".to_owned());
        c.exporter_otlp_traces_timeout = Some(250);
    });
    assert_eq!(target.headers["api-key"], "a b");
    assert_eq!(target.headers["x-team"], "core");
    assert_eq!(target.headers.len(), 2);
    assert!(target.headers["api-key"].is_sensitive());
    assert!(target.gzip);
    assert_eq!(target.timeout, Duration::from_millis(250));
}

#[test]
fn all_that_is_wrong_is_told_at_once_and_no_header_shows_its_value() {
    let error = destination(|c| {
        c.exporter_otlp_endpoint = url("http://c:4317");
        c.exporter_otlp_traces_protocol = Some("http/json".to_owned());
        c.exporter_otlp_headers = Some("a=1,hunter2".into());
        c.exporter_otlp_compression = Some("zstd".to_owned());
    });
    let error = error.unwrap_err();
    let places: Vec<_> = error
        .problems
        .iter()
        .map(|problem| &*problem.place)
        .collect();
    let expected = [
        "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
        "OTEL_EXPORTER_OTLP_HEADERS",
        "OTEL_EXPORTER_OTLP_COMPRESSION",
    ];
    assert_eq!(places, expected);
    let text = error.to_string();
    assert!(
        text.contains("header 2") && !text.contains("hunter2"),
        "{text}"
    );
}
