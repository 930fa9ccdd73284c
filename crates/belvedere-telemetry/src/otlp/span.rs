//! `opentelemetry.proto.trace.v1.Span`, straight from what a span is known by: no tree of owned values in between.

use std::time::SystemTime;

use belvedere_core::{
    Redactor,
    trace::{Parent, SpanRecord, Status},
};
use opentelemetry::{
    SpanId, TraceId,
    trace::{Event, SpanContext, SpanKind, Status as SdkStatus},
};
use opentelemetry_sdk::trace::SpanData;

use super::{
    attribute::{attribute, owned_attribute, shown},
    wire::{bytes, fixed32, fixed64, nested, unsigned},
};

/// `ScopeSpans.spans`: spans are written as entries of the list they will be sent in.
pub(crate) const SPANS: u32 = 2;

const TRACE_ID: u32 = 1;
const SPAN_ID: u32 = 2;
const TRACE_STATE: u32 = 3;
const PARENT_SPAN_ID: u32 = 4;
const NAME: u32 = 5;
const KIND: u32 = 6;
const START: u32 = 7;
const END: u32 = 8;
const ATTRIBUTES: u32 = 9;
const EVENTS: u32 = 11;
const LINKS: u32 = 13;
const STATUS: u32 = 15;
const FLAGS: u32 = 16;

const EVENT_TIME: u32 = 1;
const EVENT_NAME: u32 = 2;
const EVENT_ATTRIBUTES: u32 = 3;
const LINK_FLAGS: u32 = 6;
const STATUS_MESSAGE: u32 = 2;
const STATUS_CODE: u32 = 3;
const STATUS_OK: u64 = 1;
const STATUS_ERROR: u64 = 2;

/// Whether the parent is in another process is known, and the answer (`SpanFlags` of trace.proto).
const HAS_IS_REMOTE: u32 = 0x100;
pub(crate) const IS_REMOTE: u32 = 0x200;
const SAMPLED: u32 = 1;

/// Appends `span` as an entry of `ScopeSpans.spans`.
pub(crate) fn record(out: &mut Vec<u8>, redactor: &Redactor, span: &SpanRecord<'_>) {
    nested(out, SPANS, |out| {
        ids(out, span.trace_id, span.span_id, span.parent);
        if let Some(state) = span.trace_state {
            trace_state(out, redactor, state);
        }
        bytes(out, NAME, span.name.as_bytes());
        unsigned(out, KIND, kind(span.kind));
        fixed64(out, START, nanos(span.start));
        fixed64(out, END, nanos(span.end));
        for (key, value) in span.attributes {
            attribute(out, ATTRIBUTES, redactor, key, *value);
        }
        if let Some(above) = span.link {
            link(out, above);
        }
        status(out, redactor, span.status);
        fixed32(out, FLAGS, flags(span.parent));
    });
}

/// The same for a span that `tracing-opentelemetry` made of a user's.
pub(crate) fn data(out: &mut Vec<u8>, redactor: &Redactor, span: &SpanData) {
    let parent = (span.parent_span_id != SpanId::INVALID).then_some(Parent {
        span_id: span.parent_span_id,
        is_remote: span.parent_span_is_remote,
    });
    nested(out, SPANS, |out| {
        let own = &span.span_context;
        ids(out, own.trace_id(), own.span_id(), parent);
        // Empty, and not allocated, where there is none.
        trace_state(out, redactor, &own.trace_state().header());
        bytes(out, NAME, span.name.as_bytes());
        unsigned(out, KIND, kind(&span.span_kind));
        fixed64(out, START, nanos(span.start_time));
        fixed64(out, END, nanos(span.end_time));
        for pair in &span.attributes {
            owned_attribute(out, ATTRIBUTES, redactor, pair);
        }
        for happened in span.events.iter() {
            event(out, redactor, happened);
        }
        for above in span.links.iter() {
            link(out, &above.span_context);
        }
        status(out, redactor, sdk_status(&span.status));
        fixed32(out, FLAGS, flags(parent));
    });
}

fn ids(out: &mut Vec<u8>, trace_id: TraceId, span_id: SpanId, parent: Option<Parent>) {
    bytes(out, TRACE_ID, &trace_id.to_bytes());
    bytes(out, SPAN_ID, &span_id.to_bytes());
    if let Some(parent) = parent {
        bytes(out, PARENT_SPAN_ID, &parent.span_id.to_bytes());
    }
}

/// A list that is changed anywhere is no list of its senders any more: it is left out.
fn trace_state(out: &mut Vec<u8>, redactor: &Redactor, state: &str) {
    if !state.is_empty() && shown(redactor, "tracestate", state) == state {
        bytes(out, TRACE_STATE, state.as_bytes());
    }
}

fn event(out: &mut Vec<u8>, redactor: &Redactor, event: &Event) {
    nested(out, EVENTS, |out| {
        fixed64(out, EVENT_TIME, nanos(event.timestamp));
        bytes(
            out,
            EVENT_NAME,
            shown(redactor, "message", &event.name).as_bytes(),
        );
        for pair in &event.attributes {
            owned_attribute(out, EVENT_ATTRIBUTES, redactor, pair);
        }
    });
}

fn link(out: &mut Vec<u8>, above: &SpanContext) {
    nested(out, LINKS, |out| {
        bytes(out, TRACE_ID, &above.trace_id().to_bytes());
        bytes(out, SPAN_ID, &above.span_id().to_bytes());
        fixed32(out, LINK_FLAGS, above.trace_flags().to_u8().into());
    });
}

fn status(out: &mut Vec<u8>, redactor: &Redactor, status: Status<'_>) {
    let (message, code) = match status {
        Status::Unset => return,
        Status::Ok => ("", STATUS_OK),
        Status::Error(message) => (message, STATUS_ERROR),
    };
    nested(out, STATUS, |out| {
        if !message.is_empty() {
            let shown = shown(redactor, "message", message);
            bytes(out, STATUS_MESSAGE, shown.as_bytes());
        }
        unsigned(out, STATUS_CODE, code);
    });
}

fn sdk_status(status: &SdkStatus) -> Status<'_> {
    match status {
        SdkStatus::Error { description } => Status::Error(description),
        SdkStatus::Unset => Status::Unset,
        SdkStatus::Ok => Status::Ok,
    }
}

/// Only kept spans are written, so all of them are sampled, by the head of their trace or by its end.
const fn flags(parent: Option<Parent>) -> u32 {
    match parent {
        Some(Parent {
            is_remote: true, ..
        }) => SAMPLED | HAS_IS_REMOTE | IS_REMOTE,
        _ => SAMPLED | HAS_IS_REMOTE,
    }
}

const fn kind(kind: &SpanKind) -> u64 {
    match kind {
        SpanKind::Internal => 1,
        SpanKind::Server => 2,
        SpanKind::Client => 3,
        SpanKind::Producer => 4,
        SpanKind::Consumer => 5,
    }
}

/// Since the epoch; it lasts until the year 2554.
pub(super) fn nanos(moment: SystemTime) -> u64 {
    let since = moment.duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
    })
}

#[cfg(test)]
mod tests;
