//! Functions that are captured, in this process: their spans as they are let out.

use std::{fmt::Display, future::Future, pin::Pin, sync::Arc, time::Duration};

use belvedere::{
    RequestContext, capture_span, capture_transaction,
    trace::{ChildSpan, Origin, Sampler, Status as Ended, Tracer, install},
};
use belvedere_core::{NewRequest, context::Route, propagation::Propagators, trace::Transaction};
use belvedere_testing::{CapturedSpan, CapturedSpans};
use opentelemetry::trace::{SpanKind, Status};

#[derive(Debug, thiserror::Error)]
#[error("refused")]
struct Refused;

/// Installs what keeps the spans of that share of the traces.
fn exporting(ratio: f64) -> (CapturedSpans, Tracer) {
    let spans = CapturedSpans::default();
    let sampler = Sampler::new(ratio, true);
    let tracer = Tracer::new(Arc::new(spans.clone()), sampler, Duration::from_secs(60));
    install(Origin {
        tracer: tracer.clone(),
        propagators: Propagators::default(),
    });
    (spans, tracer)
}

fn request(tracer: &Tracer) -> Arc<RequestContext> {
    NewRequest::new(&Route::new("GET", "/"), "/").begin(tracer)
}

fn one<'s>(spans: &'s [CapturedSpan], name: &str) -> &'s CapturedSpan {
    let mut named = spans.iter().filter(|span| span.name == name);
    let one = named
        .next()
        .unwrap_or_else(|| panic!("no {name}: {spans:?}"));
    assert!(named.next().is_none(), "{name} twice: {spans:?}");
    one
}

fn is_below(child: &CapturedSpan, above: &CapturedSpan) -> bool {
    child.trace_id == above.trace_id
        && child
            .parent
            .is_some_and(|parent| parent.span_id == above.span_id)
}

fn statement() {
    if let Some(span) = ChildSpan::begin() {
        span.finish(&SpanKind::Client, "SELECT", &[], Ended::Unset);
    }
}

#[capture_transaction(name = "reconcile", op = "ledger", description = "Looks at all of it.", fields(ledger = name))]
async fn reconcile(name: &str) -> Result<String, Refused> {
    tokio::task::yield_now().await;
    let trace_id = RequestContext::with(|context| context.trace_id().to_string());
    sum(3).await?;
    trace_id.ok_or(Refused)
}

#[capture_span(fields(rows, doubled = %(rows * 2), kept = ?Some(rows)))]
async fn sum(rows: u64) -> Result<u64, Refused> {
    tokio::task::yield_now().await;
    statement();
    leaf();
    if rows == 0 { Err(Refused) } else { Ok(rows) }
}

#[capture_span]
fn leaf() {}

#[tokio::test]
async fn a_transaction_outside_of_requests_is_a_root_with_a_context_and_spans_below_it() {
    let (spans, _) = exporting(1.0);
    let trace_id = reconcile("eu").await.unwrap();
    assert!(RequestContext::current().is_none());
    let spans = spans.all();
    let (root, sum) = (one(&spans, "reconcile"), one(&spans, "sum"));
    assert_eq!((root.trace_id.to_string(), root.parent), (trace_id, None));
    assert_eq!(
        (&root.kind, &root.status),
        (&SpanKind::Internal, &Status::Ok)
    );
    assert_eq!(sum.status, Status::Unset);
    assert_eq!(root.get("ledger"), Some("eu"));
    assert_eq!(root.get("sentry.op"), Some("ledger"));
    assert_eq!(root.get("sentry.description"), Some("Looks at all of it."));
    assert!(root.get("request_id").is_some());
    assert!(is_below(sum, root) && sum.start >= root.start && sum.end <= root.end);
    assert_eq!(
        (sum.get("rows"), sum.get("doubled")),
        (Some("3"), Some("6"))
    );
    assert_eq!(
        (sum.get("kept"), sum.get("sentry.op")),
        (Some("Some(3)"), None)
    );
    assert!(is_below(one(&spans, "SELECT"), sum) && is_below(one(&spans, "leaf"), sum));
}

#[tokio::test]
async fn in_a_request_a_transaction_is_a_span_of_it() {
    let (spans, tracer) = exporting(1.0);
    let context = request(&tracer);
    let trace_id = Arc::clone(&context).scope(reconcile("eu")).await.unwrap();
    assert_eq!(trace_id, context.trace_id().to_string());
    let spans = spans.all();
    let parent = one(&spans, "reconcile").parent.unwrap();
    assert_eq!(parent.span_id, context.span_id());
    assert!(is_below(one(&spans, "sum"), one(&spans, "reconcile")));
}

#[tokio::test]
async fn a_span_outside_of_everything_is_none_and_its_fields_are_not_asked_for() {
    #[capture_span(fields(asked = panics()))]
    fn quiet() -> u8 {
        7
    }
    fn panics() -> u8 {
        panic!("nobody wants it")
    }
    let (spans, _) = exporting(1.0);
    assert_eq!(quiet(), 7);
    assert_eq!(sum(1).await.ok(), Some(1));
    assert!(spans.all().is_empty());
}

#[tokio::test]
async fn where_nothing_is_exported_a_transaction_still_has_its_ids() {
    let trace_id = reconcile("eu").await;
    assert_eq!(trace_id.unwrap().len(), 32);
}

trait Store {
    fn find(&self) -> Pin<Box<dyn Future<Output = Result<(), Refused>> + Send + '_>>;
}

struct Refusing;

/// As `async_trait` expands it.
impl Store for Refusing {
    #[capture_span]
    fn find(&self) -> Pin<Box<dyn Future<Output = Result<(), Refused>> + Send + '_>> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            Err(Refused)
        })
    }
}

#[capture_transaction]
async fn all_that_fail() {
    assert!(sum(0).await.is_err());
    assert!(Refusing.find().await.is_err());
    assert!(generic("x").is_err());
    let panicked = belvedere::spawn(panicking());
    assert_eq!(panicked.await.unwrap(), None);
    let cancelled = tokio::time::timeout(Duration::from_millis(1), never());
    assert!(cancelled.await.is_err());
}

#[capture_span]
fn generic<T: Display>(value: T) -> Result<impl Display, Refused> {
    if value.to_string() == "x" {
        Err(Refused)
    } else {
        Ok(value)
    }
}

#[capture_span]
async fn panicking() {
    leaf();
    panic!("as asked");
}

#[capture_span]
async fn never() {
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn an_error_and_a_panic_are_marked_by_their_type_and_who_is_not_waited_for_as_cancelled() {
    let (spans, _) = exporting(1.0);
    all_that_fail().await;
    let spans = spans.all();
    for (name, class) in [
        ("sum", std::any::type_name::<Refused>()),
        ("find", std::any::type_name::<Refused>()),
        ("generic", std::any::type_name::<Refused>()),
        ("panicking", "panic"),
    ] {
        let span = one(&spans, name);
        assert!(matches!(span.status, Status::Error { .. }), "{span:?}");
        assert_eq!(span.get("error.type"), Some(class));
        assert!(is_below(span, one(&spans, "all_that_fail")));
    }
    let never = one(&spans, "never");
    assert_eq!(
        (&never.status, never.get("error.type")),
        (&Status::Unset, Some("cancelled"))
    );
    assert_eq!(one(&spans, "all_that_fail").status, Status::Ok);
}

#[tokio::test]
async fn a_transaction_that_is_not_sampled_is_kept_when_it_fails_with_all_that_is_below_it() {
    #[capture_transaction]
    async fn nightly(rows: u64) -> Result<u64, Refused> {
        sum(rows).await
    }
    let (spans, _) = exporting(0.0);
    nightly(1).await.unwrap();
    assert!(spans.take().is_empty());
    nightly(0).await.unwrap_err();
    let spans = spans.all();
    let (root, sum) = (one(&spans, "nightly"), one(&spans, "sum"));
    assert!(is_below(sum, root) && is_below(one(&spans, "SELECT"), sum));
}

#[tokio::test]
async fn a_panic_of_a_transaction_that_is_caught_outside_is_marked_too() {
    #[capture_transaction]
    fn at_once() {
        panic!("as asked");
    }
    let (spans, _) = exporting(1.0);
    let caught = belvedere::spawn_blocking(at_once).await.unwrap();
    assert_eq!(caught, None);
    assert_eq!(
        one(&spans.all(), "at_once").get("error.type"),
        Some("panic")
    );
    let later = Transaction::new("later")
        .begin()
        .follow(panicking(), |()| None);
    assert_eq!(belvedere::spawn(later).await.unwrap(), None);
    assert_eq!(one(&spans.all(), "later").get("error.type"), Some("panic"));
}

#[tokio::test]
async fn work_goes_on_in_the_trace_that_it_comes_from_or_points_at_it() {
    use belvedere_core::propagation::Caller;
    let (spans, _) = exporting(0.0);
    let (trace_id, span_id) = (0xabc.into(), 0xdef.into());
    let sampled = belvedere::trace::TraceParent {
        trace_id,
        span_id,
        sampled: true,
    };
    for caller in [Caller::continued(sampled), Caller::linked(sampled)] {
        let first = Transaction::new("process mails").kind(SpanKind::Consumer);
        let begun = first.request_id("wanted-by-this").caller(caller).begin();
        let id = async { RequestContext::with(|context| context.request_id().to_owned()) };
        let failed = |_: &Option<String>| Some("retry");
        assert_eq!(
            begun.follow(id, failed).await.as_deref(),
            Some("wanted-by-this")
        );
    }
    let [continued, linked] = spans.all().try_into().unwrap();
    assert_eq!(continued.trace_id, trace_id);
    assert_eq!(
        continued
            .parent
            .map(|parent| (parent.span_id, parent.is_remote)),
        Some((span_id, true))
    );
    assert_ne!(linked.trace_id, trace_id);
    assert_eq!(
        (linked.parent, linked.links[0].trace_id()),
        (None, trace_id)
    );
    assert_eq!(
        (&linked.kind, linked.get("request_id")),
        (&SpanKind::Consumer, Some("wanted-by-this"))
    );
}
