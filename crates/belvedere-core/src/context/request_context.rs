use std::{
    any::Any,
    borrow::Cow,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use opentelemetry::{
    Context as OtelContext, SpanId, TraceId,
    trace::{SpanContext, TraceContextExt, TraceState},
};

use super::{TimeSpent, held::HeldSpans, log_fields::LogFields};
use crate::{
    Cause, active_users,
    propagation::{Caller, Carried, Propagators},
    trace::{Kept, Parent, SpanRecord, TraceParent, Tracer},
};

/// Who is asking: bound by authentication, shown in every signal after that.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Identity {
    /// The tenant on whose behalf the request runs.
    pub tenant_id: Box<str>,
    /// The user, where there is one.
    pub user_id: Option<Box<str>>,
}

/// Where a request's trace comes from, and in which headers it goes on.
#[derive(Debug)]
pub(super) struct Way {
    pub(super) caller: Caller,
    pub(super) propagators: Propagators,
}

impl Way {
    fn state(&self) -> Option<&str> {
        self.caller.carried.as_ref()?.state.as_deref()
    }
}

/// Everything a signal needs to know about the request it belongs to.
#[derive(Debug)]
pub struct RequestContext {
    own: TraceParent,
    way: Way,
    identity: OnceLock<Identity>,
    log_fields: LogFields,
    tracer: Tracer,
    /// The parent of users' spans: only a sampled request has any.
    otel: Option<OtelContext>,
    /// Whether somebody wants its spans only if it ends badly.
    waits_for_end: bool,
    held: HeldSpans,
    kept: OnceLock<Arc<dyn Any + Send + Sync>>,
    work: OnceLock<Cow<'static, str>>,
    cause: Mutex<Option<Cause>>,
    database_time: TimeSpent,
}

impl RequestContext {
    pub(super) fn new(own: TraceParent, way: Way, log_fields: LogFields, tracer: &Tracer) -> Self {
        let above = own.sampled.then(|| above_users_spans(&own, &way));
        Self {
            own,
            way,
            identity: OnceLock::new(),
            log_fields,
            tracer: tracer.clone(),
            otel: above,
            waits_for_end: !own.sampled || tracer.waits_for_end(own.trace_id),
            held: HeldSpans::default(),
            kept: OnceLock::new(),
            work: OnceLock::new(),
            cause: Mutex::new(None),
            database_time: TimeSpent::default(),
        }
    }

    /// The trace this request is part of.
    pub const fn trace_id(&self) -> TraceId {
        self.own.trace_id
    }

    /// The server span.
    pub const fn span_id(&self) -> SpanId {
        self.own.span_id
    }

    /// Whether the trace is sampled since its head.
    pub const fn is_sampled(&self) -> bool {
        self.own.sampled
    }

    /// `x-request-id`.
    pub fn request_id(&self) -> &str {
        self.log_fields.request_id()
    }

    /// The path without its query, at most 1 KiB of it.
    pub fn path(&self) -> Cow<'_, str> {
        self.log_fields.path()
    }

    /// The route's template; empty outside of requests.
    pub fn route(&self) -> &str {
        self.log_fields.route()
    }

    /// The transaction's name, where this is none of a request.
    pub fn work(&self) -> Option<&str> {
        self.work.get().map(|name| &**name)
    }

    pub(crate) fn name_work(&self, name: Cow<'static, str>) {
        // Whoever begins a transaction does this once.
        let _ = self.work.set(name);
    }

    /// How long it has waited for its database so far.
    pub const fn database_time(&self) -> &TimeSpent {
        &self.database_time
    }

    /// What a callee continues.
    pub const fn traceparent(&self) -> TraceParent {
        self.own
    }

    /// Who is asking, once authentication has said so.
    pub fn identity(&self) -> Option<&Identity> {
        self.identity.get()
    }

    /// Binds who is asking. The first binding stands.
    pub fn bind_identity(&self, identity: Identity) {
        // A second authentication layer cannot rename a caller that is already in the log.
        if self.identity.set(identity).is_ok()
            && let Some(identity) = self.identity()
        {
            active_users::see(identity);
        }
    }

    /// What a part that core does not know keeps for as long as the request lives, made at its first use. There is room for
    /// one such part: another type finds `None`.
    pub fn keep<T: Any + Send + Sync>(&self, make: impl FnOnce() -> T) -> Option<Arc<T>> {
        let kept = self.kept.get_or_init(|| Arc::new(make()));
        Arc::clone(kept).downcast().ok()
    }

    /// Leaves what is behind a failure for whoever tells it, where the failure itself has no room for it. The last one counts.
    pub fn leave_cause(&self, cause: Cause) {
        let mut left = self.cause.lock().unwrap_or_else(PoisonError::into_inner);
        *left = Some(cause);
    }

    /// What was left, if anything.
    pub fn take_cause(&self) -> Option<Cause> {
        let mut left = self.cause.lock().unwrap_or_else(PoisonError::into_inner);
        left.take()
    }

    /// Appends `,"trace_id":"..."` and so on: JSON members in the contract's order, each with its leading comma.
    pub fn write_log_fields(&self, out: &mut Vec<u8>) {
        self.log_fields.write(self.identity(), out);
    }

    /// Like [`RequestContext::write_log_fields`], without the members that `skip` names.
    pub fn write_log_fields_except(&self, out: &mut Vec<u8>, skip: impl Fn(&str) -> bool) {
        self.log_fields.write_except(self.identity(), out, skip);
    }

    /// Whether a span that ends here may be exported.
    pub fn wants_spans(&self) -> bool {
        self.tracer.is_on()
    }

    /// Whether that took so long that it is kept.
    pub(crate) fn is_slow(&self, duration: Duration) -> bool {
        self.tracer.is_slow(duration)
    }

    /// Takes a finished span of this request: exported, held back, or dropped.
    pub fn record(&self, span: &SpanRecord<'_>) {
        if self.own.sampled {
            self.tracer.export(span, Kept::Sampled);
        }
        if self.waits_for_end {
            self.held.take(span, &self.own, &self.tracer);
        }
    }

    /// Decides, for those who wait for the end of the trace: `keep` exports what was held back.
    pub fn decide(&self, keep: bool) {
        if self.waits_for_end {
            self.held.decide(keep, &self.own, &self.tracer);
        }
    }

    /// The span above the server span, when the caller's trace is continued.
    pub fn server_parent(&self) -> Option<Parent> {
        self.way.caller.parent.map(|parent| Parent {
            span_id: parent.span_id,
            is_remote: true,
        })
    }

    /// The caller's span, when it is not trusted to be a parent.
    pub fn server_link(&self) -> Option<SpanContext> {
        let link = self.way.caller.link.as_ref();
        link.map(|link| link.remote_context(TraceState::NONE))
    }

    /// `tracestate` of a trusted caller, as it came: up to 512 bytes and 32 members (W3C Trace Context).
    pub fn trace_state(&self) -> Option<&str> {
        self.way.state()
    }

    /// What a trusted caller sent along under `key` (W3C Baggage), if `TRACE__BAGGAGE_KEYS` lets it in.
    pub fn baggage(&self, key: &str) -> Option<Cow<'_, str>> {
        self.carried()?.baggage.get(key)
    }

    pub(crate) fn carried(&self) -> Option<&Carried> {
        self.way.caller.carried.as_deref()
    }

    pub(crate) const fn propagators(&self) -> Propagators {
        self.way.propagators
    }

    pub(super) const fn otel_context(&self) -> Option<&OtelContext> {
        self.otel.as_ref()
    }
}

fn above_users_spans(own: &TraceParent, way: &Way) -> OtelContext {
    let state = way.state().and_then(|state| state.parse().ok());
    // The server span: below it, users' spans have their parent in this process.
    let above = own.local_context(state.unwrap_or_default());
    OtelContext::new().with_remote_span_context(above)
}
