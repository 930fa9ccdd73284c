use std::{
    borrow::Cow,
    sync::Arc,
    thread,
    time::{Instant, SystemTime},
};

use opentelemetry::{Context, trace::SpanKind};

use super::{Attribute, Captured, ChildSpan, Fields, SpanRecord, Status, Transaction, Value};
use crate::{RequestContext, names::field};

/// What a span is told to be where nobody says more.
pub(super) const FUNCTION: &str = "function";
/// Read by what makes Sentry's transactions; by its conventions, so that any way to Sentry understands it.
const OP: &str = "sentry.op";
const DESCRIPTION: &str = "sentry.description";
const ERROR_TYPE: &str = "error.type";

/// Why work failed: the name of a type or a class, never a text. `None`: it did not.
pub type Failed = Option<&'static str>;

/// What is written down of a function that is captured.
#[derive(Debug, Clone, Copy)]
pub struct Work {
    /// The span's name.
    pub name: &'static str,
    /// What kind of work it is, to Sentry.
    pub op: &'static str,
    /// A sentence about it.
    pub description: Option<&'static str>,
}

impl Work {
    /// A span below the current one. Nothing outside of requests and transactions, and where spans go nowhere; `fields` is not
    /// even asked then.
    pub fn span(&self, fields: impl FnOnce() -> Fields) -> Capture {
        Capture(ChildSpan::begin().map(|span| {
            let place = Place::Below {
                above: span.above(),
                span,
            };
            let said = Said {
                name: self.name.into(),
                op: self.op,
                description: self.description,
                kind: SpanKind::Internal,
                fields: fields(),
            };
            Box::new(Open { said, place })
        }))
    }

    /// A transaction of its own; inside of a request or another transaction, a span.
    pub fn transaction(&self, fields: impl FnOnce() -> Fields) -> Capture {
        if RequestContext::with(|_| ()).is_some() {
            return self.span(fields);
        }
        Transaction::new(self.name)
            .op(self.op)
            .description(self.description)
            .fields(fields)
            .begin()
    }
}

/// A piece of work that becomes a span. Dropped before its work has ended, it was cancelled.
#[derive(Debug)]
#[must_use = "it ends when it is dropped"]
pub struct Capture(pub(super) Option<Box<Open>>);

#[derive(Debug)]
pub(super) struct Open {
    pub(super) said: Said,
    pub(super) place: Place,
}

/// What the span will say.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) name: Cow<'static, str>,
    pub(super) op: &'static str,
    pub(super) description: Option<&'static str>,
    pub(super) kind: SpanKind,
    pub(super) fields: Fields,
}

#[derive(Debug)]
pub(super) enum Place {
    Below {
        span: ChildSpan,
        above: Context,
    },
    Own {
        context: Arc<RequestContext>,
        began: SystemTime,
        clock: Instant,
    },
}

/// How it ended.
#[derive(Debug, Clone, Copy)]
pub(super) enum End {
    Ok,
    Failed(&'static str),
    /// Nobody waited for it any more.
    Cancelled,
}

impl End {
    pub(super) const PANIC: Self = Self::Failed("panic");

    /// Of work that has come to its end, or was dropped on the way.
    fn dropped() -> Self {
        if thread::panicking() {
            Self::PANIC
        } else {
            Self::Cancelled
        }
    }

    const fn error_type(self) -> Failed {
        match self {
            Self::Ok => None,
            Self::Failed(class) => Some(class),
            Self::Cancelled => Some("cancelled"),
        }
    }

    const fn status(self) -> Status<'static> {
        match self {
            Self::Failed(_) => Status::Error(""),
            Self::Ok | Self::Cancelled => Status::Unset,
        }
    }

    /// Of a transaction of its own.
    const fn outcome(self) -> Status<'static> {
        match self {
            Self::Ok => Status::Ok,
            other => other.status(),
        }
    }
}

impl From<Failed> for End {
    fn from(failed: Failed) -> Self {
        failed.map_or(Self::Ok, Self::Failed)
    }
}

impl Capture {
    /// Runs `work` in it, and ends with it. `failed` says whether what it returned is a failure.
    pub fn call<T>(mut self, work: impl FnOnce() -> T, failed: impl FnOnce(&T) -> Failed) -> T {
        let output = self.within(work);
        if self.0.is_some() {
            self.end(failed(&output).into());
        }
        output
    }

    /// The same for a future, from its first poll to its end; it begins here.
    pub fn follow<F, J>(self, work: F, failed: J) -> Captured<F, J>
    where
        F: Future,
        J: Fn(&F::Output) -> Failed,
    {
        Captured::new(self, work, failed)
    }

    /// The context of its own that a transaction runs in.
    pub fn context(&self) -> Option<&Arc<RequestContext>> {
        match &self.0.as_ref()?.place {
            Place::Below { .. } => None,
            Place::Own { context, .. } => Some(context),
        }
    }

    pub(super) fn within<T>(&self, work: impl FnOnce() -> T) -> T {
        match self.0.as_ref().map(|open| &open.place) {
            None => work(),
            Some(Place::Below { above, .. }) => {
                let _attached = above.clone().attach();
                work()
            }
            Some(Place::Own { context, .. }) => context.enter(work),
        }
    }

    pub(super) fn end(&mut self, end: End) {
        if let Some(open) = self.0.take() {
            open.end(end);
        }
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        self.end(End::dropped());
    }
}

impl Open {
    fn end(self, end: End) {
        let Self { said, place } = self;
        match place {
            Place::Below { span, .. } => {
                let attributes = said.attributes(end);
                span.finish(&said.kind, &said.name, &attributes, end.status());
            }
            Place::Own {
                context,
                began,
                clock,
            } => said.end_own(&context, began, clock, end),
        }
    }
}

impl Said {
    fn attributes(&self, end: End) -> Vec<Attribute<'_>> {
        let said = self.fields.iter();
        let said = said.filter_map(|(key, value)| Some((*key, value.as_ref()?.as_value())));
        let op = (self.op != FUNCTION).then_some((OP, Value::Const(self.op)));
        let description = self
            .description
            .map(|text| (DESCRIPTION, Value::Const(text)));
        let error_type = end
            .error_type()
            .map(|class| (ERROR_TYPE, Value::Const(class)));
        said.chain(op)
            .chain(description)
            .chain(error_type)
            .collect()
    }

    /// As the server span of a request: kept where it is sampled, has failed, or was slow.
    fn end_own(&self, context: &RequestContext, began: SystemTime, clock: Instant, end: End) {
        let duration = clock.elapsed();
        let keep = matches!(end, End::Failed(_)) || context.is_slow(duration);
        context.decide(keep);
        if !context.wants_spans() || !(keep || context.is_sampled()) {
            return;
        }
        let mut attributes = self.attributes(end);
        attributes.extend(of_whom(context));
        let link = context.server_link();
        context.record(&SpanRecord {
            trace_id: context.trace_id(),
            span_id: context.span_id(),
            parent: context.server_parent(),
            trace_state: context.trace_state(),
            kind: &self.kind,
            name: &self.name,
            start: began,
            end: began + duration,
            attributes: &attributes,
            status: end.outcome(),
            link: link.as_ref(),
        });
    }
}

fn of_whom(context: &RequestContext) -> impl Iterator<Item = Attribute<'_>> {
    let identity = context.identity();
    let known = [
        (field::REQUEST_ID, Some(context.request_id())),
        (field::TENANT_ID, identity.map(|known| &*known.tenant_id)),
        (
            field::USER_ID,
            identity.and_then(|known| known.user_id.as_deref()),
        ),
    ];
    let known = known.into_iter();
    known.filter_map(|(key, text)| Some((key, Value::Str(text?))))
}
