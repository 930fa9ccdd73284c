use std::{
    borrow::Cow,
    time::{Instant, SystemTime},
};

use opentelemetry::trace::SpanKind;

use super::{
    Capture, Field, Fields, Origin,
    capture::{FUNCTION, Open, Place, Said},
};
use crate::{Identity, NewRequest, context::Route, propagation::Caller};

/// A piece of work of its own, outside of requests: a root span, or one whose parent is in another process, and a
/// [`RequestContext`](crate::RequestContext) that every line, statement and call of it takes its ids from.
///
/// ```
/// use belvedere_core::{RequestContext, trace::Transaction};
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let transaction = Transaction::new("reconcile").field("ledger", "eu").begin();
/// let work = async { RequestContext::with(|context| context.trace_id()) };
/// assert!(transaction.follow(work, |_| None).await.is_some());
/// # });
/// ```
#[derive(Debug)]
#[must_use = "it has not begun"]
pub struct Transaction {
    said: Said,
    caller: Caller,
    request_id: Option<Box<str>>,
    identity: Option<Identity>,
}

impl Transaction {
    /// `name` has few values: no ids.
    pub fn new(name: impl Into<Cow<'static, str>>) -> Self {
        Self {
            said: Said {
                name: name.into(),
                op: FUNCTION,
                description: None,
                kind: SpanKind::Internal,
                fields: Vec::new(),
            },
            caller: Caller::default(),
            request_id: None,
            identity: None,
        }
    }

    /// What kind of work it is, to Sentry; default: `function`, or what the span's kind says.
    pub const fn op(mut self, op: &'static str) -> Self {
        self.said.op = op;
        self
    }

    /// A sentence about it.
    pub const fn description(mut self, description: Option<&'static str>) -> Self {
        self.said.description = description;
        self
    }

    /// Default: internal.
    pub fn kind(mut self, kind: SpanKind) -> Self {
        self.said.kind = kind;
        self
    }

    /// One more attribute of its span.
    pub fn field(mut self, key: &'static str, value: impl Field) -> Self {
        self.said.fields.push((key, value.field()));
        self
    }

    pub(super) fn fields(mut self, fields: impl FnOnce() -> Fields) -> Self {
        if Origin::installed().tracer.is_on() {
            self.said.fields = fields();
        }
        self
    }

    /// Where it comes from: [`Caller::continued`] is one trace with that span, [`Caller::linked`] points at it. Default:
    /// nowhere.
    pub fn caller(mut self, caller: Caller) -> Self {
        self.caller = caller;
        self
    }

    /// The id of the request that wanted it; default: a new one.
    pub fn request_id(mut self, request_id: impl Into<Box<str>>) -> Self {
        self.request_id = Some(request_id.into());
        self
    }

    /// For whom it is done.
    pub fn identity(mut self, identity: Option<Identity>) -> Self {
        self.identity = identity;
        self
    }

    /// Begins now, by the sampler and the exporters as they are now.
    pub fn begin(self) -> Capture {
        let Origin {
            tracer,
            propagators,
        } = Origin::installed();
        let context = NewRequest::new(&Route::outside(), "")
            .request_id(self.request_id.as_deref())
            .caller(self.caller)
            .propagators(*propagators)
            .begin(tracer);
        context.name_work(self.said.name.clone());
        if let Some(identity) = self.identity {
            context.bind_identity(identity);
        }
        let place = Place::Own {
            context,
            began: SystemTime::now(),
            clock: Instant::now(),
        };
        let said = self.said;
        Capture(Some(Box::new(Open { said, place })))
    }
}
