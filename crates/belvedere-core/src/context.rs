//! The request's context: ids, verdict and identity, carried by the task.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    task::{Context as Task, Poll},
    time::SystemTime,
};

use opentelemetry::{
    Context as OtelContext, SpanId, TraceId,
    trace::{SpanContext, TraceContextExt},
};
use tokio::task::futures::TaskLocalFuture;

use crate::{
    names::{field, metric},
    trace::{Parent, SpanRecord, TraceParent, Tracer},
};

/// Spans that one unsampled request may hold back until its fate is known; more are dropped and counted.
const MAX_HELD_SPANS: usize = 32;

/// A longer path is cut in the log: a line has 16 KiB in all.
const MAX_PATH: usize = 1024;

/// Room for the rendered context of a usual request.
const LOG_FIELDS_CAPACITY: usize = 288;

tokio::task_local! {
    static CURRENT: Arc<RequestContext>;
}

/// Who is asking: bound by authentication, shown in every signal after that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The tenant on whose behalf the request runs.
    pub tenant_id: Box<str>,
    /// The user, where there is one.
    pub user_id: Option<Box<str>>,
}

/// What a request is known by before it has a context.
#[derive(Debug)]
pub struct NewRequest<'r> {
    method: &'static str,
    path: &'r str,
    route: &'r str,
    request_id: Option<&'r str>,
    parent: Option<TraceParent>,
    link: Option<TraceParent>,
}

impl<'r> NewRequest<'r> {
    /// `method` out of the closed set, `path` without its query, `route` as its template.
    pub const fn new(method: &'static str, path: &'r str, route: &'r str) -> Self {
        Self {
            method,
            path,
            route,
            request_id: None,
            parent: None,
            link: None,
        }
    }

    /// The caller's own id; default: a UUIDv7 (RFC 9562).
    #[must_use]
    pub const fn request_id(mut self, request_id: Option<&'r str>) -> Self {
        self.request_id = request_id;
        self
    }

    /// Continues the trace of a caller.
    #[must_use]
    pub const fn parent(mut self, parent: Option<TraceParent>) -> Self {
        self.parent = parent;
        self
    }

    /// Begins a new trace that points at the caller's.
    #[must_use]
    pub const fn link(mut self, link: Option<TraceParent>) -> Self {
        self.link = link;
        self
    }

    /// Draws the ids and decides whether the trace is sampled.
    pub fn begin(self, tracer: &Tracer) -> Arc<RequestContext> {
        let trace_id = self.parent.map_or_else(
            || TraceId::from(fastrand::u128(1..)),
            |parent| parent.trace_id,
        );
        let own = TraceParent {
            trace_id,
            span_id: SpanId::from(fastrand::u64(1..)),
            sampled: tracer.is_on() && tracer.sampler().samples(trace_id, self.parent.as_ref()),
        };
        let request_id = self.request_id.map_or_else(new_request_id, Box::from);
        let (log_fields, identity_at, path_at) = render_log_fields(&own, &request_id, &self);
        Arc::new(RequestContext {
            own,
            parent: self.parent,
            link: self.link,
            request_id,
            identity: OnceLock::new(),
            log_fields,
            identity_at,
            path_at,
            tracer: tracer.clone(),
            held: Mutex::new(Held::Undecided(Vec::new())),
        })
    }
}

/// Everything a signal needs to know about the request it belongs to.
#[derive(Debug)]
pub struct RequestContext {
    own: TraceParent,
    parent: Option<TraceParent>,
    link: Option<TraceParent>,
    request_id: Box<str>,
    identity: OnceLock<Identity>,
    /// JSON members, each with its leading comma; the identity goes in at `identity_at`.
    log_fields: String,
    identity_at: usize,
    /// Where the path's JSON string begins in `log_fields`.
    path_at: usize,
    tracer: Tracer,
    held: Mutex<Held>,
}

/// Spans of a trace that was not sampled at its head.
#[derive(Debug)]
enum Held {
    Undecided(Vec<SpanRecord>),
    Kept,
    Dropped,
}

impl RequestContext {
    /// The context of the running task, if it is in a request.
    pub fn current() -> Option<Arc<Self>> {
        CURRENT.try_with(Arc::clone).ok()
    }

    /// Reads the context of the running task without taking a reference count.
    pub fn with<T>(read: impl FnOnce(&Self) -> T) -> Option<T> {
        CURRENT.try_with(|context| read(context)).ok()
    }

    /// Runs `work` in this context.
    pub fn scope<F: Future>(self: Arc<Self>, work: F) -> Scope<F> {
        let otel = self.otel_context();
        Scope {
            inner: CURRENT.scope(self, work),
            otel,
        }
    }

    /// Runs a closure in this context.
    pub fn enter<T>(self: &Arc<Self>, work: impl FnOnce() -> T) -> T {
        let _otel = self.otel_context().map(OtelContext::attach);
        CURRENT.sync_scope(Arc::clone(self), work)
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
    pub const fn request_id(&self) -> &str {
        &self.request_id
    }

    /// The path without its query, at most 1 KiB of it. Read back from its rendered form: only spans and problems ask.
    pub fn path(&self) -> String {
        let rendered = &self.log_fields[self.path_at..];
        let mut strings = serde_json::Deserializer::from_str(rendered).into_iter::<String>();
        strings.next().and_then(Result::ok).unwrap_or_default()
    }

    /// What a callee continues.
    pub const fn traceparent(&self) -> TraceParent {
        self.own
    }

    /// What spans need to know about where they go.
    pub const fn tracer(&self) -> &Tracer {
        &self.tracer
    }

    /// Who is asking, once authentication has said so.
    pub fn identity(&self) -> Option<&Identity> {
        self.identity.get()
    }

    /// Binds who is asking. The first binding stands.
    pub fn bind_identity(&self, identity: Identity) {
        // A second authentication layer cannot rename a caller that is already in the log.
        let _ = self.identity.set(identity);
    }

    /// Appends `,"trace_id":"..."` and so on: JSON members in the contract's order, each with its leading comma.
    pub fn write_log_fields(&self, out: &mut Vec<u8>) {
        let (ids, request) = self.log_fields.split_at(self.identity_at);
        out.extend_from_slice(ids.as_bytes());
        if let Some(identity) = self.identity.get() {
            push_member(out, field::TENANT_ID, &identity.tenant_id);
            if let Some(user_id) = &identity.user_id {
                push_member(out, field::USER_ID, user_id);
            }
        }
        out.extend_from_slice(request.as_bytes());
    }

    /// Like [`RequestContext::write_log_fields`], without the members that `skip` names.
    pub fn write_log_fields_except(&self, out: &mut Vec<u8>, skip: impl Fn(&str) -> bool) {
        let mut all = Vec::with_capacity(LOG_FIELDS_CAPACITY);
        self.write_log_fields(&mut all);
        for member in members(&all) {
            if !skip(member_key(member)) {
                out.extend_from_slice(member);
            }
        }
    }

    /// Whether a span that ends here may be exported.
    pub fn wants_spans(&self) -> bool {
        self.tracer.is_on()
    }

    /// Takes a finished span of this request: exported, held back, or dropped.
    pub fn record(&self, span: SpanRecord) {
        if self.own.sampled {
            return self.tracer.export(span);
        }
        match &mut *self.held() {
            Held::Undecided(spans) if spans.len() < MAX_HELD_SPANS => spans.push(span),
            Held::Undecided(_) => count_dropped_span(),
            Held::Kept => self.tracer.export(span),
            Held::Dropped => {}
        }
    }

    /// Decides the fate of a trace that was not sampled at its head: `keep` exports what was held back.
    pub fn decide(&self, keep: bool) {
        let fate = if keep { Held::Kept } else { Held::Dropped };
        let held = std::mem::replace(&mut *self.held(), fate);
        if let (true, Held::Undecided(spans)) = (keep, held) {
            spans.into_iter().for_each(|span| self.tracer.export(span));
        }
    }

    /// The span above the server span, when the caller's trace is continued.
    pub fn server_parent(&self) -> Option<Parent> {
        self.parent.map(|parent| Parent {
            span_id: parent.span_id,
            is_remote: true,
        })
    }

    /// The caller's span, when it is not trusted to be a parent.
    pub fn server_links(&self) -> Vec<SpanContext> {
        self.link.iter().map(TraceParent::remote_context).collect()
    }

    /// The parent of users' spans: only a sampled request has any.
    fn otel_context(&self) -> Option<OtelContext> {
        self.own
            .sampled
            .then(|| OtelContext::new().with_remote_span_context(self.own.remote_context()))
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pin_project_lite::pin_project! {
    /// A future that runs in a request's context.
    #[derive(Debug)]
    pub struct Scope<F> {
        #[pin]
        inner: TaskLocalFuture<Arc<RequestContext>, F>,
        otel: Option<OtelContext>,
    }
}

impl<F: Future> Future for Scope<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, task: &mut Task<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let _attached = this.otel.clone().map(OtelContext::attach);
        this.inner.poll(task)
    }
}

/// Carries the running task's request and span over to `work`, which may outlive them. Captured now, not at first poll.
pub(crate) fn carry<F: Future>(work: F) -> impl Future<Output = F::Output> {
    let otel = OtelContext::current();
    let context = RequestContext::current();
    async move {
        match context {
            Some(context) => carried(context, otel, work).await,
            None => work.await,
        }
    }
}

fn carried<F: Future>(context: Arc<RequestContext>, otel: OtelContext, work: F) -> Scope<F> {
    Scope {
        otel: otel.has_active_span().then_some(otel),
        inner: CURRENT.scope(context, work),
    }
}

/// A UUIDv7: its first 48 bits are the time, so ids sort as requests came.
fn new_request_id() -> Box<str> {
    let millis = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| {
            u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
        });
    let mut random = [0; 10];
    fastrand::fill(&mut random);
    let id = uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid();
    let mut text = [0; uuid::fmt::Hyphenated::LENGTH];
    Box::from(&*id.hyphenated().encode_lower(&mut text))
}

fn render_log_fields(
    own: &TraceParent,
    request_id: &str,
    request: &NewRequest<'_>,
) -> (String, usize, usize) {
    use std::fmt::Write;

    let mut out = String::with_capacity(LOG_FIELDS_CAPACITY);
    // Writing to a `String` cannot fail.
    let _ = write!(
        out,
        r#","{}":"{}","{}":"{}","{}":"{}""#,
        field::TRACE_ID,
        own.trace_id,
        field::SPAN_ID,
        own.span_id,
        field::TRACE_FLAGS,
        own.flags(),
    );
    let mut out = out.into_bytes();
    push_member(&mut out, field::REQUEST_ID, request_id);
    let identity_at = out.len();
    push_member(&mut out, field::METHOD, request.method);
    let path_at = out.len() + r#","":"#.len() + field::PATH.len();
    push_member(&mut out, field::PATH, cut(request.path));
    push_member(&mut out, field::ROUTE, request.route);
    let text = String::from_utf8(out).expect("JSON of strings is UTF-8");
    (text, identity_at, path_at)
}

fn cut(path: &str) -> &str {
    &path[..path.floor_char_boundary(MAX_PATH)]
}

fn push_member(out: &mut Vec<u8>, key: &str, value: &str) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(key.as_bytes());
    out.extend_from_slice(b"\":");
    serde_json::to_writer(out, value).expect("a string is JSON, and a vector takes all of it");
}

/// Splits `,"key":"value","key":"value"` before each comma that stands outside a string.
fn members(mut json: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (mut quoted, mut escaped) = (false, false);
        let end = json.iter().skip(1).position(|&byte| {
            let ends = byte == b',' && !quoted;
            quoted ^= byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            ends
        });
        let (member, rest) = json.split_at(end.map_or(json.len(), |end| end + 1));
        json = rest;
        (!member.is_empty()).then_some(member)
    })
}

/// The key of `,"key":...`.
fn member_key(member: &[u8]) -> &str {
    let key = member
        .get(2..)
        .unwrap_or_default()
        .split(|&byte| byte == b'"')
        .next();
    key.and_then(|key| std::str::from_utf8(key).ok())
        .unwrap_or_default()
}

fn count_dropped_span() {
    metrics::counter!(metric::TELEMETRY_DROPPED, "signal" => "traces", "reason" => "request_buffer_full").increment(1);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::{Sampler, SpanSink};
    use opentelemetry::trace::{SpanKind, Status};
    use std::time::Duration;

    #[derive(Debug, Default)]
    struct Exported(Mutex<Vec<SpanRecord>>);

    impl SpanSink for Exported {
        fn on_end(&self, span: SpanRecord) {
            self.0.lock().unwrap().push(span);
        }
    }

    fn tracer(ratio: f64) -> (Tracer, Arc<Exported>) {
        let sink = Arc::new(Exported::default());
        let tracer = Tracer::new(
            sink.clone(),
            Sampler::new(ratio, true),
            Duration::from_secs(1),
        );
        (tracer, sink)
    }

    fn child(context: &Arc<RequestContext>) {
        let span = context.enter(crate::trace::ChildSpan::begin).unwrap();
        span.finish(
            SpanKind::Client,
            "SELECT users".into(),
            Vec::new(),
            Status::Unset,
        );
    }

    fn log_fields(context: &RequestContext) -> serde_json::Value {
        let mut out = b"{\"first\":0".to_vec();
        context.write_log_fields(&mut out);
        out.push(b'}');
        serde_json::from_slice(&out).unwrap()
    }

    #[test]
    fn log_fields_are_json_whatever_the_path_says() {
        let hostile = "/a\"b\\c\u{0}\u{7f}\u{2028}";
        let context = NewRequest::new("GET", hostile, "/{x}").begin(&Tracer::off());
        let fields = log_fields(&context);
        assert_eq!(fields["path"], hostile);
        assert_eq!(context.path(), hostile);
        assert_eq!(fields["trace_id"], context.trace_id().to_string());
        assert!(fields.get("tenant_id").is_none());
    }

    #[test]
    fn members_that_an_event_names_itself_are_left_out() {
        let context = NewRequest::new("GET", r#"/a",b\""#, "/{x}").begin(&Tracer::off());
        let mut out = Vec::new();
        context.write_log_fields_except(&mut out, |key| key != "path");
        assert_eq!(String::from_utf8(out).unwrap(), r#","path":"/a\",b\\\"""#);
        let mut all = Vec::new();
        context.write_log_fields_except(&mut all, |_| false);
        let mut wanted = Vec::new();
        context.write_log_fields(&mut wanted);
        assert_eq!(all, wanted);
    }

    #[test]
    fn an_identity_stands_between_the_ids_and_the_request_and_is_bound_once() {
        let context = NewRequest::new("GET", "/", "/")
            .request_id(Some("client-id"))
            .begin(&Tracer::off());
        for tenant in ["acme", "mallory"] {
            context.bind_identity(Identity {
                tenant_id: tenant.into(),
                user_id: Some("u1".into()),
            });
        }
        let mut out = Vec::new();
        context.write_log_fields(&mut out);
        let text = String::from_utf8(out).unwrap();
        let wanted = r#""request_id":"client-id","tenant_id":"acme","user_id":"u1","method":"GET","path":"/","route":"/""#;
        assert!(text.ends_with(wanted), "{text}");
    }

    #[test]
    fn spans_of_an_unsampled_request_go_out_only_when_it_is_kept() {
        for keep in [true, false] {
            let (tracer, exported) = tracer(0.0);
            let context = NewRequest::new("GET", "/", "/").begin(&tracer);
            child(&context);
            assert!(exported.0.lock().unwrap().is_empty());
            context.decide(keep);
            child(&context);
            let spans = exported.0.lock().unwrap();
            assert_eq!(spans.len(), if keep { 2 } else { 0 });
            assert!(
                spans
                    .iter()
                    .all(|span| span.parent.unwrap().span_id == context.span_id())
            );
        }
    }

    #[test]
    fn an_unsampled_request_holds_a_bounded_number_of_spans() {
        let (tracer, exported) = tracer(0.0);
        let context = NewRequest::new("GET", "/", "/").begin(&tracer);
        (0..100).for_each(|_| child(&context));
        context.decide(true);
        assert_eq!(exported.0.lock().unwrap().len(), MAX_HELD_SPANS);
    }

    #[tokio::test]
    async fn a_spawned_task_keeps_the_request() {
        let (tracer, exported) = tracer(1.0);
        let context = NewRequest::new("GET", "/", "/").begin(&tracer);
        let work = async {
            crate::spawn(async { RequestContext::with(child_in_task) })
                .await
                .unwrap()
        };
        fn child_in_task(context: &RequestContext) -> TraceId {
            let span = crate::trace::ChildSpan::begin().unwrap();
            span.finish(SpanKind::Client, "GET".into(), Vec::new(), Status::Unset);
            context.trace_id()
        }
        assert_eq!(
            context.clone().scope(work).await,
            Some(Some(context.trace_id()))
        );
        assert_eq!(
            exported.0.lock().unwrap()[0].parent.unwrap().span_id,
            context.span_id()
        );
    }

    #[test]
    fn request_ids_sort_by_time_and_look_like_uuids() {
        let ids: Vec<_> = (0..3).map(|_| new_request_id()).collect();
        for id in &ids {
            let id: uuid::Uuid = id.parse().unwrap();
            assert_eq!(id.get_version_num(), 7);
        }
        assert!(ids[0] != ids[1]);
    }
}
