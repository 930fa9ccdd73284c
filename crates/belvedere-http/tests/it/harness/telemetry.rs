use std::{
    collections::BTreeMap,
    fmt, panic,
    sync::{Arc, Mutex},
};

use belvedere_core::{RequestContext, names::event};
use belvedere_testing::{CapturedSpan, CapturedSpans};
use opentelemetry::trace::SpanKind;
use serde_json::Value;
use tracing::{
    Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    layer::{Context, Layer, SubscriberExt},
    registry,
};

/// One log event, with the request that it was told in.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) message: String,
    pub(crate) fields: BTreeMap<&'static str, String>,
    /// What the request's context adds to the line; empty outside of a request.
    pub(crate) context: Value,
}

impl Event {
    pub(crate) fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }

    pub(crate) fn of_request(&self, name: &str) -> &str {
        self.context[name].as_str().unwrap_or_default()
    }
}

/// Everything that was logged.
#[derive(Debug, Clone, Default)]
pub(crate) struct Logs(Arc<Mutex<Vec<Event>>>);

impl Logs {
    /// Becomes the process's log. Panics are told as `belvedere-telemetry` tells them.
    pub(crate) fn install() -> Self {
        let logs = Self::default();
        let subscriber = registry().with(Capture(logs.clone()));
        tracing::subscriber::set_global_default(subscriber).expect("one service per process");
        let print = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            tracing::error!(exc_type = "panic", "{}", event::UNHANDLED_EXCEPTION);
            // Those of requests are on purpose.
            if RequestContext::current().is_none() {
                print(info);
            }
        }));
        logs
    }

    pub(crate) fn all(&self) -> Vec<Event> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn named(&self, name: &str) -> Vec<Event> {
        let mut events = self.all();
        events.retain(|event| event.message == name);
        events
    }

    pub(crate) fn completed(&self) -> Vec<Event> {
        self.named(event::REQUEST_COMPLETED)
    }

    pub(crate) fn exceptions(&self) -> Vec<Event> {
        self.named(event::UNHANDLED_EXCEPTION)
    }
}

struct Capture(Logs);

impl<S: Subscriber> Layer<S> for Capture {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        self.0.0.lock().unwrap().push(Event {
            message: fields.0.remove("message").unwrap_or_default(),
            fields: fields.0,
            context: RequestContext::with(log_fields).unwrap_or_default(),
        });
    }
}

fn log_fields(context: &RequestContext) -> Value {
    let mut line = b"{\"\":0".to_vec();
    context.write_log_fields(&mut line);
    line.push(b'}');
    serde_json::from_slice(&line).unwrap()
}

#[derive(Default)]
struct Fields(BTreeMap<&'static str, String>);

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }
}

/// Every span that was exported.
#[derive(Debug, Clone, Default)]
pub(crate) struct Spans(pub(super) CapturedSpans);

impl Spans {
    pub(crate) fn of_kind(&self, kind: &SpanKind) -> Vec<CapturedSpan> {
        let mut spans = self.0.all();
        spans.retain(|span| span.kind == *kind);
        spans
    }

    pub(crate) fn servers(&self) -> Vec<CapturedSpan> {
        self.of_kind(&SpanKind::Server)
    }

    pub(crate) fn clients(&self) -> Vec<CapturedSpan> {
        self.of_kind(&SpanKind::Client)
    }
}
