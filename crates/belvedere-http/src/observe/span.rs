//! The server span, by OpenTelemetry's stable HTTP conventions.

use std::time::{Duration, SystemTime};

use belvedere_core::{
    RequestContext,
    names::{UNMATCHED, field},
    trace::{Attribute, SpanRecord, Status, Value},
};
use http::Version;
use opentelemetry::trace::SpanKind;

use super::{completion::Received, series::Series};

/// More than any server span has, so that the list is made once.
const MOST_ATTRIBUTES: usize = 12;

/// How a request ended, as far as its span is concerned.
#[derive(Debug)]
pub(super) struct Ending<'e> {
    pub(super) status: u16,
    pub(super) is_abort: bool,
    /// What `error.type` says of a server error.
    pub(super) error_type: Option<&'e str>,
    pub(super) duration: Duration,
    /// How long ago that was: it is logged before it is traced.
    pub(super) ago: Duration,
}

/// Records the server span of a request that has just ended.
pub(super) fn record(
    context: &RequestContext,
    received: &Received,
    series: &Series,
    ending: &Ending<'_>,
) {
    let end = SystemTime::now() - ending.ago;
    let path = context.path();
    let client = received.peer.map(|peer| peer.0.ip().to_string());
    let link = context.server_link();
    let identity = context.identity();
    let attributes = attributes(
        received,
        ending,
        [
            ("url.path", Some(&path)),
            ("client.address", client.as_deref()),
            (
                "http.route",
                (&*series.route != UNMATCHED).then_some(&series.route),
            ),
            ("error.type", ending.error_type),
            (field::REQUEST_ID, Some(context.request_id())),
            (
                field::TENANT_ID,
                identity.map(|identity| &*identity.tenant_id),
            ),
            (
                field::USER_ID,
                identity.and_then(|identity| identity.user_id.as_deref()),
            ),
        ],
    );
    context.record(&SpanRecord {
        trace_id: context.trace_id(),
        span_id: context.span_id(),
        parent: context.server_parent(),
        trace_state: context.trace_state(),
        kind: &SpanKind::Server,
        name: &series.span_name,
        start: end - ending.duration,
        end,
        attributes: &attributes,
        status: if ending.status >= 500 {
            Status::Error("")
        } else {
            Status::Unset
        },
        link: link.as_ref(),
    });
}

fn attributes<'a>(
    received: &Received,
    ending: &Ending<'_>,
    texts: [(&'static str, Option<&'a str>); 7],
) -> Vec<Attribute<'a>> {
    let mut attributes = Vec::with_capacity(MOST_ATTRIBUTES);
    let version = protocol_version(received.version);
    attributes.push(("http.request.method", Value::Const(received.method)));
    let scheme = if received.is_tls { "https" } else { "http" };
    attributes.push(("url.scheme", Value::Const(scheme)));
    attributes.push(("network.protocol.version", Value::Const(version)));
    let known = texts.into_iter();
    attributes.extend(known.filter_map(|(key, text)| Some((key, Value::Str(text?)))));
    if ending.is_abort {
        attributes.push(("error.type", Value::Const("client_disconnect")));
    } else {
        let status = i64::from(ending.status).into();
        attributes.push(("http.response.status_code", status));
    }
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
