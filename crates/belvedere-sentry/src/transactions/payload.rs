//! The `transaction` item of an envelope (develop.sentry.dev/sdk/data-model/event-payloads/transaction).

use std::time::SystemTime;

use belvedere_core::{names::field, trace::FinishedSpan};
use serde_json::{Map, Value, json};

use super::{
    Service,
    request::Request,
    words::{description, op, source, status, text},
};

/// What a transaction may be found by, and the attribute of its span that says it: as for events.
const TAGS: [(&str, &str); 5] = [
    (field::REQUEST_ID, field::REQUEST_ID),
    (field::TENANT_ID, field::TENANT_ID),
    (field::USER_ID, field::USER_ID),
    (field::METHOD, "http.request.method"),
    (field::ROUTE, "http.route"),
];
/// How many spans there was no room for.
const SPANS_CUT: &str = "spans_cut";
/// Of nobody's machine is anything told to Sentry.
const WITHHELD: [&str; 3] = [
    "client.address",
    "network.peer.address",
    "user_agent.original",
];

/// The whole envelope: lines with its head, the item's head, and the item.
pub(super) fn envelope(request: &Request, service: &Service) -> Vec<u8> {
    let id = format!("{:032x}", fastrand::u128(..));
    let item = transaction(request, service, &id).to_string();
    let head = json!({ "event_id": id });
    let item_head = json!({ "type": "transaction", "length": item.len() });
    format!("{head}\n{item_head}\n{item}\n").into_bytes()
}

fn transaction(request: &Request, service: &Service, id: &str) -> Value {
    let Request { root, spans, cut } = request;
    let mut trace = span(root, service);
    let [start, end] = ["start_timestamp", "timestamp"].map(|key| trace.remove(key));
    trace.remove("description");
    let spans: Vec<_> = spans.iter().map(|below| span(below, service)).collect();
    json!({
        "event_id": id,
        "type": "transaction",
        "platform": "native",
        "sdk": { "name": "belvedere-sentry", "version": env!("CARGO_PKG_VERSION") },
        "release": service.release,
        "environment": service.environment,
        "transaction": shown(service, &root.name),
        "transaction_info": { "source": source(root) },
        "start_timestamp": start,
        "timestamp": end,
        "tags": tags(root, *cut),
        "contexts": { "trace": trace },
        "spans": spans,
    })
}

fn span(span: &FinishedSpan, service: &Service) -> Map<String, Value> {
    let parent = span.parent.map(|parent| parent.span_id.to_string().into());
    let members = [
        ("trace_id", span.trace_id.to_string().into()),
        ("span_id", span.span_id.to_string().into()),
        ("op", op(span).into()),
        ("description", shown(service, description(span))),
        ("status", status(span).into()),
        ("start_timestamp", seconds(span.start).into()),
        ("timestamp", seconds(span.end).into()),
        ("data", data(span).into()),
    ];
    let members = members.into_iter();
    let members = members.chain(parent.map(|parent| ("parent_span_id", parent)));
    members
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
}

fn data(span: &FinishedSpan) -> Map<String, Value> {
    let told = span.attributes.iter();
    let told = told.filter(|(key, _)| !WITHHELD.contains(&key.as_str()));
    told.cloned().collect()
}

fn tags(root: &FinishedSpan, cut: u64) -> Map<String, Value> {
    let known = TAGS.iter();
    let known = known.filter_map(|(tag, key)| Some((*tag, text(root, key)?.into())));
    let trace = (field::TRACE_ID, Value::from(root.trace_id.to_string()));
    let cut = (cut > 0).then(|| (SPANS_CUT, cut.to_string().into()));
    let tags = known.chain([trace]).chain(cut);
    tags.map(|(key, value)| (key.to_owned(), value)).collect()
}

/// Attributes are redacted before they come here; names are, for most sinks, nobody's secret.
fn shown(service: &Service, text: &str) -> Value {
    service.redactor.show("message", text).into()
}

fn seconds(moment: SystemTime) -> f64 {
    let since = moment.duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap_or_default().as_secs_f64()
}

#[cfg(test)]
mod tests;
