//! Each kind of secret, and what only looks like one.

use super::super::{Redactor, redact_text};

fn assert_shown(table: &[(&str, &str)]) {
    for (text, shown) in table {
        assert_eq!(redact_text(text), *shown);
    }
}

fn assert_untouched(texts: &[&str]) {
    for text in texts {
        assert_eq!(redact_text(text), *text);
    }
}

#[test]
fn userinfo_is_cut_from_every_url_of_a_text() {
    assert_shown(&[
        (
            "from postgres://a:b@c@h/d to redis://:pw@h and http://h/x@y",
            "from postgres://[REDACTED]@h/d to redis://[REDACTED]@h and http://h/x@y",
        ),
        (
            "https://key@sentry.example/1",
            "https://[REDACTED]@sentry.example/1",
        ),
        ("x://u:pw@", "x://[REDACTED]@"),
    ]);
}

#[test]
fn a_password_that_nobody_encoded_is_cut_too() {
    assert_shown(&[
        ("amqp://u:p/w?x#y@h/v", "amqp://[REDACTED]@h/v"),
        ("redis://:/pw@h", "redis://[REDACTED]@h"),
    ]);
    assert_untouched(&[
        "http://h:8080/a@b",
        "http://[::1]:80/a@b",
        "a@b.example http://h:8080/",
    ]);
}

#[test]
fn a_url_is_found_behind_percent_encoding() {
    assert_shown(&[
        (
            "/things/amqp:%2F%2Fshop:PW@mq",
            "/things/amqp:%2F%2F[REDACTED]@mq",
        ),
        (
            "/things/amqp%3A%2F%2Fshop%3APW%40mq%2Fv/x",
            "/things/amqp%3A%2F%2F[REDACTED]%40mq%2Fv/x",
        ),
        ("amqp%3a/%2fshop:P%2FW@mq", "amqp%3a/%2f[REDACTED]@mq"),
        ("amqp://shop:PW%40mq/v", "amqp://[REDACTED]%40mq/v"),
        (
            "/go/http%253A%252F%252Fu%253Apw%2540h",
            "/go/http%253A%252F%252F[REDACTED]%2540h",
        ),
        (
            "/é/ß%C3%9F/x:%2F%2Fu:pw@h and y://u:pw@h",
            "/é/ß%C3%9F/x:%2F%2F[REDACTED]@h and y://[REDACTED]@h",
        ),
        ("/cards/4111%201111%201111%201111", "/cards/[REDACTED]"),
    ]);
    assert_untouched(&[
        "/go/http%3A%2F%2Fh%3A8080%2Fa%40b",
        "/users/ada%40example.com",
        "50% of %2F%2F and %",
        "LIKE '%%40%' 100%25",
        "%C3%A9%",
    ]);
}

#[test]
fn what_stands_behind_bearer_is_cut() {
    assert_shown(&[
        (
            "authorization: Bearer mF_9.B5f-4.1JqM",
            "authorization: Bearer [REDACTED]",
        ),
        (
            r#"{"a":"bearer  a+b/c=="}"#,
            r#"{"a":"bearer  [REDACTED]"}"#,
        ),
        ("BEARER: hunter2, and more", "BEARER: [REDACTED], and more"),
        ("/things/Bearer%20mF_9/x", "/things/Bearer%20[REDACTED]"),
        ("bearer %20%20 mF_9 x", "bearer %20%20 [REDACTED] x"),
    ]);
    assert_untouched(&["the%20bearer%20of bad news", "bearer%20"]);
    assert_untouched(&["the bearer of bad news", "bearer", "bearers 12 beat Bear 3"]);
}

#[test]
fn a_jwt_is_cut_wherever_it_stands() {
    let jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl";
    for (before, after) in [
        ("", ""),
        ("token=", "&x=1"),
        ("glued", " to"),
        ("\u{e9}", "\u{e9}"),
    ] {
        let text = format!("{before}{jwt}{after}");
        assert_eq!(redact_text(&text), format!("{before}[REDACTED]{after}"));
    }
    assert_untouched(&[
        "eyJ",
        "an eyJ in a text. And more",
        "eyJhbGciOiJIUzI1NiJ9 alone",
    ]);
}

#[test]
fn a_card_number_is_cut_in_one_piece_and_in_groups() {
    assert_shown(&[
        ("card 4111111111111111.", "card [REDACTED]."),
        ("4111 1111 1111 1111 12/27 123", "[REDACTED] 12/27 123"),
        ("no 7 5500-0000-0000-0004", "no 7 [REDACTED]"),
        ("3782 822463 10005", "[REDACTED]"),
        ("30569309025904", "[REDACTED]"),
        ("card4222222222222x", "card[REDACTED]x"),
        ("6304 0000 0000 0000 000", "[REDACTED]"),
    ]);
}

#[test]
fn what_only_has_many_digits_stays() {
    assert_untouched(&[
        "order 4111111111111112",
        "2026-11-21T10:04:05.123456Z",
        "2026-11-21 2026-11-22 2026-11-23",
        "1790000000000 1790000000000000000",
        "41111111-1111-4111-8111-111111111111",
        "411111111111111111111111",
        "trace 4bf92f3577b34da6a3ce929d0e0e4736 span 00f067aa0ba902b7",
        "call 0049 89 1234567890",
    ]);
}

#[test]
fn the_start_of_a_secret_is_not_shown_where_its_end_was_cut() {
    let redactor = Redactor::default();
    for (start, shown) in [
        ("to postgres://shop:hun", "to postgres://[REDACTED]"),
        ("to postgres://shop:h/n", "to postgres://[REDACTED]"),
        ("to x%3A%2F%2Fshop%3Ah", "to x%3A%2F%2F[REDACTED]"),
        ("to x:%2F%2Fshop:h%2", "to x:%2F%2F[REDACTED]"),
        ("Bearer hun", "Bearer [REDACTED]"),
        ("id eyJhbG", "id [REDACTED]"),
        ("card 4111 1111 1", "card [REDACTED]"),
        ("card 41111111111", "card [REDACTED]"),
        ("a plain text that goes on", "a plain text that goes on"),
        ("see http://host/path that", "see http://host/path that"),
    ] {
        assert_eq!(redactor.show_start("note", start), shown);
    }
}

#[test]
fn what_a_parser_repeats_of_its_input_is_cut() {
    assert_shown(&[
        (
            r#"from database: invalid input syntax for type integer: "hun"ter2""#,
            r#"from database: invalid input syntax for type integer: "[REDACTED]""#,
        ),
        (
            r#"invalid input value for enum mood: "hunter2""#,
            r#"invalid input value for enum mood: "[REDACTED]""#,
        ),
        (
            r#"invalid type: string "hunter2", expected u8"#,
            r#"invalid type: string "[REDACTED]", expected u8"#,
        ),
    ]);
    assert_untouched(&[
        r#"relation "accounts" does not exist"#,
        "invalid type: map, expected u8",
        r#"invalid "name""#,
    ]);
}
