//! Lines of the log as Sentry's events and breadcrumbs.

use belvedere_core::{RequestContext, names::event as name, names::field};
use sentry_core::{
    Breadcrumb, Level,
    protocol::{Context, Event, Exception, TraceContext},
};
use serde_json::{Map, Value};
use tracing::Metadata;

use crate::said::Said;

/// The field by which `critical!` marks its events.
const CRITICAL: &str = "critical";
/// What an event may be found by.
const TAGS: [&str; 6] = [
    field::REQUEST_ID,
    field::TRACE_ID,
    field::TENANT_ID,
    field::USER_ID,
    field::METHOD,
    field::ROUTE,
];

/// Whether the line is the one that stands for a failure: others of its request only lead up to it.
pub(crate) fn is_the_failure(said: &Said<'_>) -> bool {
    said.message == name::UNHANDLED_EXCEPTION
}

pub(crate) fn breadcrumb(metadata: &Metadata<'_>, said: Said<'_>) -> Breadcrumb {
    Breadcrumb {
        category: Some(metadata.target().to_owned()),
        level: level(metadata),
        message: Some(said.message),
        data: said.fields,
        ..Breadcrumb::default()
    }
}

/// A failure, in whatever request it happened.
pub(crate) fn event(metadata: &Metadata<'_>, mut said: Said<'_>) -> Event<'static> {
    let is_critical = said.take(CRITICAL).is_some();
    let mut event = Event {
        level: if is_critical {
            Level::Fatal
        } else {
            level(metadata)
        },
        logger: Some(metadata.target().to_owned()),
        ..Event::default()
    };
    if is_the_failure(&said) {
        event.exception.values = exceptions(&mut said);
    } else {
        event.exception.values = chain(&mut said);
        event.message = Some(said.message);
    }
    event.extra = said.fields;
    RequestContext::with(|context| of_request(&mut event, context));
    event
}

fn of_request(event: &mut Event<'static>, context: &RequestContext) {
    let mut members = members(context);
    let mut take = |key| {
        members
            .remove(key)
            .and_then(|value| value.as_str().map(str::to_owned))
    };
    event.transaction = take(field::ROUTE);
    if let Some(route) = &event.transaction {
        event.tags.insert(field::ROUTE.to_owned(), route.clone());
    } else {
        event.transaction = context.work().map(str::to_owned);
    }
    let tags = TAGS
        .iter()
        .filter_map(|key| Some(((*key).to_owned(), take(key)?)));
    event.tags.extend(tags);
    let trace = TraceContext {
        trace_id: context.trace_id().to_bytes().into(),
        span_id: context.span_id().to_bytes().into(),
        ..TraceContext::default()
    };
    event
        .contexts
        .insert("trace".to_owned(), Context::from(trace));
}

/// What the request's log lines say of it.
fn members(context: &RequestContext) -> Map<String, Value> {
    let mut json = b"{\"_\":0".to_vec();
    context.write_log_fields(&mut json);
    json.push(b'}');
    serde_json::from_slice(&json).unwrap_or_default()
}

/// The exception that a line tells of, with its sources.
fn exceptions(said: &mut Said<'_>) -> Vec<Exception> {
    let ty = said.take("exc_type").unwrap_or_else(|| "Error".to_owned());
    let text = said.take("exc_message");
    let mut exceptions = chain(said);
    match exceptions.last_mut() {
        Some(outermost) => outermost.ty = ty,
        None => exceptions.push(exception(ty, text)),
    }
    exceptions
}

/// Sentry wants the cause first.
fn chain(said: &mut Said<'_>) -> Vec<Exception> {
    let chain = std::mem::take(&mut said.chain).into_iter().rev();
    chain.map(|(ty, text)| exception(ty, Some(text))).collect()
}

fn exception(ty: String, value: Option<String>) -> Exception {
    Exception {
        ty,
        value,
        ..Exception::default()
    }
}

fn level(metadata: &Metadata<'_>) -> Level {
    match *metadata.level() {
        tracing::Level::ERROR => Level::Error,
        tracing::Level::WARN => Level::Warning,
        tracing::Level::INFO => Level::Info,
        _ => Level::Debug,
    }
}
