//! What Sentry calls things (develop.sentry.dev/sdk/telemetry/traces/span-operations, sentry-conventions).

use belvedere_core::trace::FinishedSpan;
use opentelemetry::trace::SpanKind;
use serde_json::Value;

/// What whoever made a span has said of it, by Sentry's own conventions.
const OP: &str = "sentry.op";
const DESCRIPTION: &str = "sentry.description";

/// By `rpc.grpc.status_code`: the words are gRPC's own.
const OF_GRPC: [&str; 17] = [
    "ok",
    "cancelled",
    "unknown_error",
    "invalid_argument",
    "deadline_exceeded",
    "not_found",
    "already_exists",
    "permission_denied",
    "resource_exhausted",
    "failed_precondition",
    "aborted",
    "out_of_range",
    "unimplemented",
    "internal_error",
    "unavailable",
    "data_loss",
    "unauthenticated",
];

/// What kind of work a span stands for.
pub(super) fn op(span: &FinishedSpan) -> &str {
    let is_server = span.kind == SpanKind::Server;
    let has = |key| span.attribute(key).is_some();
    match &span.kind {
        _ if has(OP) => text(span, OP).unwrap_or("function"),
        SpanKind::Producer => "queue.publish",
        SpanKind::Consumer => "queue.process",
        _ if text(span, "db.system.name") == Some("redis") => "db.redis",
        _ if has("db.system.name") => "db",
        _ if has("rpc.system") && is_server => "grpc.server",
        _ if has("rpc.system") => "grpc.client",
        _ if is_server => "http.server",
        SpanKind::Client if has("http.request.method") => "http.client",
        _ => "function",
    }
}

/// What exactly it did: the statement, if it was one.
pub(super) fn description(span: &FinishedSpan) -> &str {
    let said = text(span, "db.query.text").or_else(|| text(span, DESCRIPTION));
    said.unwrap_or(&span.name)
}

/// How it went.
pub(super) fn status(span: &FinishedSpan) -> &'static str {
    if matches!(
        text(span, "error.type"),
        Some("client_disconnect" | "cancelled")
    ) {
        return "cancelled";
    }
    let grpc = number(span, "rpc.grpc.status_code");
    if let Some(code) = grpc.and_then(|code| OF_GRPC.get(usize::try_from(code).ok()?)) {
        return code;
    }
    match number(span, "http.response.status_code") {
        Some(code) => of_http(code),
        None if span.is_error => "internal_error",
        None => "ok",
    }
}

const fn of_http(code: i64) -> &'static str {
    match code {
        ..400 => "ok",
        401 => "unauthenticated",
        403 => "permission_denied",
        404 => "not_found",
        409 => "already_exists",
        429 => "resource_exhausted",
        499 => "cancelled",
        400..500 => "invalid_argument",
        501 => "unimplemented",
        503 => "unavailable",
        504 => "deadline_exceeded",
        500..600 => "internal_error",
        _ => "unknown_error",
    }
}

/// How a transaction got its name: what Sentry may do to it.
pub(super) const fn source(root: &FinishedSpan) -> &'static str {
    match root.kind {
        SpanKind::Server => "route",
        SpanKind::Consumer => "task",
        _ => "custom",
    }
}

pub(super) fn text<'s>(span: &'s FinishedSpan, key: &str) -> Option<&'s str> {
    span.attribute(key)?.as_str()
}

fn number(span: &FinishedSpan, key: &str) -> Option<i64> {
    span.attribute(key).and_then(Value::as_i64)
}
