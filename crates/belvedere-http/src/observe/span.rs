//! The server span, by OpenTelemetry's stable HTTP conventions.

use std::{
    borrow::Cow,
    time::{Duration, SystemTime},
};

use belvedere_core::{
    RequestContext,
    names::{UNMATCHED, field},
    trace::SpanRecord,
};
use http::Version;
use opentelemetry::{
    KeyValue,
    trace::{SpanKind, Status},
};

use super::completion::Received;

/// How a request ended, as far as its span is concerned.
#[derive(Debug)]
pub(super) struct Ending {
    pub(super) status: u16,
    pub(super) is_abort: bool,
    /// What `error.type` says of a server error.
    pub(super) error_type: Option<Cow<'static, str>>,
    pub(super) duration: Duration,
}

pub(super) fn record(
    context: &RequestContext,
    received: &Received,
    route: &str,
    began: SystemTime,
    ending: Ending,
) -> SpanRecord {
    let is_error = ending.status >= 500;
    SpanRecord {
        trace_id: context.trace_id(),
        span_id: context.span_id(),
        parent: context.server_parent(),
        kind: SpanKind::Server,
        name: name(received.method, route),
        start: began,
        end: began + ending.duration,
        attributes: attributes(context, received, route, ending),
        status: if is_error {
            Status::error("")
        } else {
            Status::Unset
        },
        links: context.server_links(),
    }
}

/// `{METHOD} {route}`; the method alone where no route matched.
fn name(method: &'static str, route: &str) -> Cow<'static, str> {
    if route == UNMATCHED {
        method.into()
    } else {
        format!("{method} {route}").into()
    }
}

fn attributes(
    context: &RequestContext,
    received: &Received,
    route: &str,
    ending: Ending,
) -> Vec<KeyValue> {
    let mut attributes = Vec::with_capacity(10);
    let mut add = |key, value: opentelemetry::Value| attributes.push(KeyValue::new(key, value));
    add("http.request.method", received.method.into());
    add("url.path", context.path().into());
    add("url.scheme", "http".into());
    add(
        "network.protocol.version",
        protocol_version(received.version).into(),
    );
    if let Some(peer) = received.peer {
        add("client.address", peer.0.ip().to_string().into());
    }
    if route != UNMATCHED {
        add("http.route", route.to_owned().into());
    }
    if ending.is_abort {
        add("error.type", "client_disconnect".into());
    } else {
        add("http.response.status_code", i64::from(ending.status).into());
    }
    if let Some(error_type) = ending.error_type {
        add("error.type", error_type.into());
    }
    add(field::REQUEST_ID, context.request_id().to_owned().into());
    attributes
}

const fn protocol_version(version: Version) -> &'static str {
    match version {
        Version::HTTP_10 => "1.0",
        Version::HTTP_2 => "2",
        Version::HTTP_3 => "3",
        _ => "1.1",
    }
}
