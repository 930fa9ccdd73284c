//! The line itself, with a fixed time.

mod events;
mod hostile;
mod known;
mod limits;
mod moments;
mod support;

use std::{error::Error, fmt, io};

use belvedere_core::{
    Identity, NewRequest, RequestContext, context::Route, critical, trace::Tracer,
};
use support::{line, parsed};

const HEAD: &str = r#"{"timestamp":"2026-01-31T08:15:30.000042Z","level":"info","message":"order_placed","target":"shop::orders","service":"shop","environment":"test","version":"1.2.3""#;

fn request() -> std::sync::Arc<RequestContext> {
    let route = Route::new("POST", "/v1/orders");
    let request = NewRequest::new(&route, "/v1/orders");
    request
        .request_id(Some("client-id-1"))
        .begin(&Tracer::off())
}

#[test]
fn a_line_outside_of_any_request_has_its_head_and_its_own_fields() {
    let text = line(
        || tracing::info!(target: "shop::orders", product = "espresso", quantity = 2, "order_placed"),
    );
    assert_eq!(
        text,
        format!("{HEAD},\"product\":\"espresso\",\"quantity\":2}}\n")
    );
}

#[test]
fn a_line_of_a_request_names_it_between_head_and_fields() {
    let context = request();
    let log =
        || line(|| tracing::info!(target: "shop::orders", product = "espresso", "order_placed"));
    let ids = format!(
        r#""trace_id":"{}","span_id":"{}","trace_flags":"00","request_id":"client-id-1""#,
        context.trace_id(),
        context.span_id()
    );
    let rest = r#""method":"POST","path":"/v1/orders","route":"/v1/orders","product":"espresso"}"#;
    assert_eq!(context.enter(log), format!("{HEAD},{ids},{rest}\n"));
    context.bind_identity(Identity {
        tenant_id: "acme".into(),
        user_id: Some("ada".into()),
    });
    let who = r#""tenant_id":"acme","user_id":"ada""#;
    assert_eq!(context.enter(log), format!("{HEAD},{ids},{who},{rest}\n"));
}

#[test]
fn an_events_own_field_wins_over_the_contexts() {
    let text = request().enter(|| line(|| tracing::info!(path = "/own", user_id = 7, "x")));
    let members = parsed(&text);
    assert_eq!(members["path"], "/own");
    assert_eq!(members["user_id"], 7);
    assert_eq!(members["route"], "/v1/orders");
}

#[test]
fn a_field_without_a_value_takes_nothing_away_from_the_context() {
    let none: Option<&str> = None;
    let text = request().enter(|| line(|| tracing::info!(path = none, "x")));
    assert_eq!(parsed(&text)["path"], "/v1/orders");
}

#[test]
fn a_reserved_name_gets_a_prefix() {
    let text = line(|| {
        tracing::info!(timestamp = 1, level = 2, service = 3, truncated = 4, "x");
    });
    let wanted = r#","field.timestamp":1,"field.level":2,"field.service":3,"field.truncated":4}"#;
    assert!(text.trim_end().ends_with(wanted), "{text}");
}

#[test]
fn of_two_fields_with_one_key_the_first_counts() {
    let text = line(|| tracing::info!(a = 1, a = 2, level = 3, field.level = 4, "x"));
    assert!(text.ends_with(",\"a\":1,\"field.level\":3}\n"), "{text}");
    // The macro puts its text before all fields.
    let text = line(|| tracing::info!(message = "a field", "the text"));
    assert_eq!(parsed(&text)["message"], "the text");
}

#[test]
fn critical_is_a_level_above_error() {
    let text = line(|| critical!(dependency = "database", "database_connection_failed"));
    let members = parsed(&text);
    assert_eq!(members["level"], "critical");
    assert_eq!(members["dependency"], "database");
    assert!(!members.contains_key("critical"), "{text}");
    for (text, level) in [
        (line(|| tracing::error!("x")), "error"),
        (line(|| tracing::error!(critical = false, "x")), "error"),
        (line(|| tracing::warn!(critical = true, "x")), "warn"),
    ] {
        assert_eq!(parsed(&text)["level"], level, "{text}");
        assert_eq!(
            parsed(&text).contains_key("critical"),
            text.contains("critical\":")
        );
    }
}

#[derive(Debug)]
struct NotSaved(io::Error);

impl fmt::Display for NotSaved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("could not save")
    }
}

impl Error for NotSaved {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

#[test]
fn an_error_is_told_with_its_sources() {
    let error = NotSaved(io::Error::other("connection reset"));
    let text = line(|| tracing::error!(error = &error as &dyn Error, "order_lost"));
    assert_eq!(parsed(&text)["error"], "could not save: connection reset");
}

#[test]
fn numbers_stay_numbers_and_what_json_has_no_number_for_is_null() {
    let text = line(|| {
        tracing::info!(
            big = u128::MAX,
            small = i128::MIN,
            ratio = 0.5,
            flag = true,
            "x"
        );
    });
    let wanted = format!(
        r#","big":{},"small":{},"ratio":0.5,"flag":true}}"#,
        u128::MAX,
        i128::MIN
    );
    assert!(text.trim_end().ends_with(&wanted), "{text}");
    let text = line(|| tracing::info!(a = f64::NAN, b = f64::INFINITY, "x"));
    assert!(text.ends_with(",\"a\":null,\"b\":null}\n"), "{text}");
}

#[test]
fn a_key_that_names_a_secret_hides_its_value_whatever_its_kind() {
    let text = line(|| {
        tracing::info!(password = "hunter2", user.auth_token = ?"hunter2", pin_key = 4321, IBAN = "hunter2", "x");
    });
    assert!(
        !text.contains("hunter2") && !text.contains("4321"),
        "{text}"
    );
    assert_eq!(text.matches("\"[REDACTED]\"").count(), 4, "{text}");
    let text = line(|| tracing::info!("connecting to postgres://shop:hunter2@db/shop"));
    assert_eq!(
        parsed(&text)["message"],
        "connecting to postgres://[REDACTED]@db/shop"
    );
}

#[test]
fn people_get_the_same_on_a_line_that_cannot_be_forged() {
    let text = request().enter(|| {
        line(|| tracing::warn!(product = "two words", note = "a\u{1b}[2J", "first\nsecond"))
    });
    let pretty = super::pretty::render(text.as_bytes());
    assert!(pretty.starts_with("08:15:30.000042 WARN "), "{pretty}");
    assert!(pretty.contains("first\\nsecond"), "{pretty}");
    assert!(pretty.contains("request_id=client-id-1"), "{pretty}");
    assert!(pretty.contains("product=\"two words\""), "{pretty}");
    assert!(!pretty.trim_end().contains(char::is_control), "{pretty:?}");
}
