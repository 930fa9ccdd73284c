use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use opentelemetry::{SpanId, TraceId, trace::SpanKind};

use super::{held::MAX_HELD_SPANS, *};
use crate::trace::{Kept, Sampler, SpanRecord, SpanSink, Status, Tracer};

/// A child's parent, and what its sink is told of it.
#[derive(Debug, Default)]
struct Exported {
    parents: Mutex<Vec<SpanId>>,
    kept: Mutex<Vec<Kept>>,
    /// Whether somebody waits for the end of every trace.
    waits_for_end: bool,
}

impl SpanSink for Exported {
    fn encode(&self, span: &SpanRecord<'_>, out: &mut Vec<u8>) {
        out.extend_from_slice(&span.parent.unwrap().span_id.to_bytes());
    }

    fn export(&self, _: TraceId, kept: Kept, spans: &[u8], count: usize) {
        let (parents, rest) = spans.as_chunks();
        assert!(rest.is_empty() && parents.len() == count);
        let parents = parents.iter().map(|id| SpanId::from_bytes(*id));
        self.parents.lock().unwrap().extend(parents);
        self.kept.lock().unwrap().push(kept);
    }

    fn waits_for_end(&self, _: TraceId) -> bool {
        self.waits_for_end
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
    span.finish(&SpanKind::Client, "SELECT users", &[], Status::Unset);
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
    let context = NewRequest::new(&Route::new("GET", "/{x}"), hostile).begin(&Tracer::off());
    let fields = log_fields(&context);
    assert_eq!(fields["path"], hostile);
    assert_eq!(context.path(), hostile);
    assert_eq!(fields["trace_id"], context.trace_id().to_string());
    assert!(fields.get("tenant_id").is_none());
}

#[test]
fn members_that_an_event_names_itself_are_left_out() {
    let context = NewRequest::new(&Route::new("GET", "/{x}"), r#"/a",b\""#).begin(&Tracer::off());
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
    let context = NewRequest::new(&Route::new("GET", "/"), "/")
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
        let context = NewRequest::new(&Route::new("GET", "/"), "/").begin(&tracer);
        child(&context);
        assert!(exported.parents.lock().unwrap().is_empty());
        context.decide(keep);
        child(&context);
        let spans = exported.parents.lock().unwrap();
        assert_eq!(spans.len(), if keep { 2 } else { 0 });
        assert!(spans.iter().all(|parent| *parent == context.span_id()));
    }
}

#[test]
fn a_sampled_request_that_somebody_waits_for_goes_out_at_its_end_too() {
    for (keep, later) in [(true, 2), (false, 0)] {
        let sink = Arc::new(Exported {
            waits_for_end: true,
            ..Exported::default()
        });
        let tracer = Tracer::new(sink.clone(), Sampler::new(1.0, true), Duration::MAX);
        let context = NewRequest::new(&Route::new("GET", "/"), "/").begin(&tracer);
        child(&context);
        context.decide(keep);
        child(&context);
        let at_end = Kept::AtEnd { is_sampled: true };
        let kept = sink.kept.lock().unwrap();
        let count = |wanted| kept.iter().filter(|kept| **kept == wanted).count();
        assert_eq!((count(Kept::Sampled), count(at_end)), (2, later));
    }
}

#[test]
fn an_unsampled_request_holds_a_bounded_number_of_spans() {
    let (tracer, exported) = tracer(0.0);
    let context = NewRequest::new(&Route::new("GET", "/"), "/").begin(&tracer);
    (0..100).for_each(|_| child(&context));
    context.decide(true);
    assert_eq!(exported.parents.lock().unwrap().len(), MAX_HELD_SPANS);
}

#[tokio::test]
async fn a_spawned_task_keeps_the_request() {
    let (tracer, exported) = tracer(1.0);
    let context = NewRequest::new(&Route::new("GET", "/"), "/").begin(&tracer);
    let work = async {
        crate::spawn(async { RequestContext::with(child_in_task) })
            .await
            .unwrap()
    };
    fn child_in_task(context: &RequestContext) -> TraceId {
        let span = crate::trace::ChildSpan::begin().unwrap();
        span.finish(&SpanKind::Client, "GET", &[], Status::Unset);
        context.trace_id()
    }
    assert_eq!(
        context.clone().scope(work).await,
        Some(Some(context.trace_id()))
    );
    assert_eq!(exported.parents.lock().unwrap()[0], context.span_id());
}

#[test]
fn request_ids_sort_by_time_and_look_like_uuids() {
    let id = |_| {
        NewRequest::new(&Route::new("GET", "/"), "/")
            .begin(&Tracer::off())
            .request_id()
            .to_owned()
    };
    let ids: Vec<_> = (0..3).map(id).collect();
    for id in &ids {
        let id: uuid::Uuid = id.parse().unwrap();
        assert_eq!(id.get_version_num(), 7);
    }
    assert!(ids[0] != ids[1]);
}

#[test]
fn a_secret_in_a_path_is_not_rendered() {
    let path = "/reset/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl";
    let context = NewRequest::new(&Route::new("GET", "/reset/{x}"), path).begin(&Tracer::off());
    assert_eq!(log_fields(&context)["path"], "/reset/[REDACTED]");
    assert_eq!(context.path(), "/reset/[REDACTED]");
}

#[test]
fn what_a_part_keeps_is_made_once_and_is_its_own() {
    let context = NewRequest::new(&Route::new("GET", "/"), "/").begin(&Tracer::off());
    assert_eq!(context.keep(|| 1_u8).as_deref(), Some(&1));
    assert_eq!(context.keep(|| 2_u8).as_deref(), Some(&1));
    assert_eq!(context.keep(|| "other"), None);
}

#[test]
fn the_route_is_read_back_as_it_was_told() {
    let (tracer, _) = tracer(0.0);
    let route = Route::new("GET", "/v1/orders/{id}");
    let context = NewRequest::new(&route, "/v1/orders/7").begin(&tracer);
    assert_eq!(context.route(), "/v1/orders/{id}");
}

#[tokio::test]
async fn work_beside_a_request_knows_that_it_is() {
    let (tracer, _) = tracer(0.0);
    let context = NewRequest::new(&Route::new("GET", "/"), "/").begin(&tracer);
    let beside = context.scope(async {
        assert!(!RequestContext::is_beside());
        crate::spawn(async { RequestContext::is_beside() }).await
    });
    assert_eq!(beside.await.unwrap(), Some(true));
}
