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

/// By the names of the variables, so that none of them is another's.
fn of_variables(signal: Signal, variables: &[(String, serde_json::Value)]) -> Target {
    let variables: serde_json::Map<_, _> = variables.iter().cloned().collect();
    let config = serde_json::from_value(variables.into()).unwrap();
    match Destination::of(signal, &config).unwrap() {
        Destination::To(target) => *target,
        Destination::Off(why) => panic!("off: {why}"),
    }
}

#[test]
fn each_signal_has_its_own_form_of_each_variable() {
    let signals = [
        (Signal::Traces, "traces", 1),
        (Signal::Metrics, "metrics", 2),
        (Signal::Logs, "logs", 3),
    ];
    let mut variables = vec![];
    for (_, name, number) in signals {
        let own = |setting: &str| format!("exporter_otlp_{name}_{setting}");
        variables.extend([
            (format!("{name}_exporter"), "otlp".into()),
            (own("endpoint"), format!("http://{name}:4318/x").into()),
            (own("protocol"), "http/protobuf".into()),
            (own("headers"), format!("x-signal={name}").into()),
            (own("compression"), "gzip".into()),
            (own("timeout"), number.into()),
        ]);
    }
    for (signal, name, number) in signals {
        let own = of_variables(signal, &variables);
        assert_eq!(own.url, format!("http://{name}:4318/x"));
        assert_eq!((own.protocol, own.gzip), (Protocol::Http, true), "{name}");
        assert_eq!(own.headers["x-signal"], name);
        assert_eq!(own.timeout, Duration::from_millis(number));
    }
}

#[test]
fn each_signal_obeys_the_general_variables() {
    let general = [
        ("endpoint", "http://c:4318"),
        ("protocol", "http/protobuf"),
        ("headers", "x-team=core"),
        ("compression", "gzip"),
    ];
    let general =
        general.map(|(setting, value)| (format!("exporter_otlp_{setting}"), value.into()));
    let mut variables = general.to_vec();
    variables.push(("exporter_otlp_timeout".to_owned(), 250.into()));
    for (signal, name) in [
        (Signal::Traces, "traces"),
        (Signal::Metrics, "metrics"),
        (Signal::Logs, "logs"),
    ] {
        variables.push((format!("{name}_exporter"), "otlp".into()));
        let target = of_variables(signal, &variables);
        assert_eq!(target.url, format!("http://c:4318/v1/{name}"));
        assert_eq!((target.protocol, target.gzip), (Protocol::Http, true));
        assert_eq!(target.headers["x-team"], "core");
        assert_eq!(target.timeout, Duration::from_millis(250));
    }
}

#[test]
fn metrics_for_prometheus_are_pulled_and_not_sent() {
    let mut config = OtelConfig {
        metrics_exporter: Some("prometheus".to_owned()),
        exporter_otlp_endpoint: url("http://c:4317"),
        ..OtelConfig::default()
    };
    let off = Destination::of(Signal::Metrics, &config).unwrap();
    assert_eq!(off.describe(), "off: OTEL_METRICS_EXPORTER is prometheus");
    config.traces_exporter = Some("prometheus".to_owned());
    assert!(Destination::of(Signal::Traces, &config).is_err());
}

fn exporters(list: &str) -> Result<Destination, ConfigError> {
    destination(|c| {
        c.exporter_otlp_endpoint = url("http://c:4317");
        c.traces_exporter = Some(list.to_owned());
    })
}

#[test]
fn otlp_is_taken_out_of_a_list_of_exporters() {
    for list in ["otlp", "otlp,none", "none, otlp", " otlp ,"] {
        let destination = exporters(list).unwrap();
        assert!(destination.target().is_some(), "{list}");
    }
    let metrics = OtelConfig {
        metrics_exporter: Some("prometheus,otlp".to_owned()),
        ..OtelConfig::default()
    };
    let metrics = Destination::of(Signal::Metrics, &metrics).unwrap();
    assert!(metrics.target().is_some());
}

#[test]
fn a_list_without_otlp_is_off_and_an_empty_one_says_nothing() {
    let off = exporters("none").unwrap();
    assert_eq!(off.describe(), "off: OTEL_TRACES_EXPORTER is none");
    assert!(exporters("").unwrap().target().is_some());
    let lines = OtelConfig {
        logs_exporter: Some(" ,".to_owned()),
        ..OtelConfig::default()
    };
    let lines = Destination::of(Signal::Logs, &lines).unwrap();
    assert_eq!(lines.describe(), "off: OTEL_LOGS_EXPORTER is not set");
}

#[test]
fn an_exporter_of_a_list_that_is_not_known_is_refused_by_name() {
    for (list, name) in [
        ("otlp,console", "\"console\""),
        ("logging", "\"logging\""),
        ("otlp,zipkin", "\"zipkin\""),
        ("OTLP", "\"OTLP\""),
    ] {
        let problem = exporters(list).unwrap_err().problems.remove(0);
        assert_eq!(problem.place, "OTEL_TRACES_EXPORTER");
        assert!(problem.message.contains(name), "{}", problem.message);
    }
    let told = exporters("otlp,console").unwrap_err().to_string();
    assert!(told.contains("take it out of the list"), "{told}");
}
