//! What is too much is cut, and the line says so.

use belvedere_core::{Identity, NewRequest, context::Route, trace::Tracer};

use super::{
    events::{Value, render},
    support::{line, parsed},
};
use crate::log::line::MAX_LINE;

#[test]
fn a_field_of_ten_megabytes_is_cut_with_a_mark() {
    let huge = "\u{e9}".repeat(5_000_000);
    for value in [Value::Str(huge.clone()), Value::Debug(huge)] {
        let line = render(&[("body", value), ("after", Value::Int(1))]);
        let members = parsed(&line);
        let body = members["body"].as_str().unwrap();
        assert!(
            body.ends_with("\u{e9}...") && body.len() > 4000,
            "{}",
            body.len()
        );
        assert_eq!(members["after"], 1);
        assert!(!members.contains_key("truncated"));
    }
}

#[test]
fn a_value_that_is_cut_inside_of_a_password_shows_no_start_of_it() {
    let before = format!("{} postgres://shop:", "x".repeat(4060));
    for value in [Value::Str, Value::Debug] {
        let line = render(&[("note", value(format!("{before}hunter2hunter2@db/shop")))]);
        assert!(line.contains("postgres://[REDACTED]"), "{line}");
        assert!(!line.contains("hun"), "{line}");
    }
}

#[test]
fn a_message_that_is_too_long_is_cut_with_a_mark_however_it_is_escaped() {
    for message in ["m".repeat(10_000), "\0".repeat(10_000)] {
        let text = line(|| tracing::info!(after = 1, "{message}"));
        let members = parsed(&text);
        let shown = members["message"].as_str().unwrap();
        assert!(message.starts_with(shown.strip_suffix("...").unwrap()));
        assert_eq!(members["after"], 1);
    }
}

#[test]
fn a_thousand_fields_are_as_many_as_fit_and_a_mark() {
    let names = (0..1000).map(|n| &*Box::leak(format!("field_{n:03}").into_boxed_str()));
    let fields: Vec<_> = names
        .map(|name| (name, Value::Str("x".repeat(40))))
        .collect();
    let line = render(&fields);
    assert!(
        (MAX_LINE - 80..=MAX_LINE).contains(&line.len()),
        "{}",
        line.len()
    );
    let members = parsed(&line);
    assert_eq!(members["truncated"], true);
    assert_eq!(members["field_000"], "x".repeat(40));
    assert!(members.len() > 200 && !members.contains_key("field_999"));
}

#[test]
fn bytes_that_are_no_text_arrive_as_replacement_characters() {
    let lone_surrogate = String::from_utf8_lossy(b"a\xed\xa0\x80b");
    let text = line(|| tracing::info!(value = %lone_surrogate, "x"));
    assert_eq!(parsed(&text)["value"], "a\u{fffd}\u{fffd}\u{fffd}b");
}

#[test]
fn a_context_that_would_fill_the_line_gives_up_what_others_decide() {
    let long = "\u{1}".repeat(9000);
    let context = NewRequest::new(&Route::new("GET", "/{x}"), &long).begin(&Tracer::off());
    let members = context.enter(|| parsed(&render(&[("a", Value::Int(1))])));
    assert_eq!(members["path"], "\u{1}".repeat(1024));
    let context = NewRequest::new(&Route::new("GET", &long), "/").begin(&Tracer::off());
    context.bind_identity(Identity {
        tenant_id: long.as_str().into(),
        user_id: None,
    });
    let members = context.enter(|| parsed(&render(&[("a", Value::Int(1))])));
    assert_eq!(members["request_id"], context.request_id());
    assert_eq!(
        (&members["a"], &members["truncated"]),
        (&1.into(), &true.into())
    );
    assert!(!members.contains_key("route"));
    assert!(!members.contains_key("tenant_id"));
}
