use serde_json::Value;

use super::{
    super::{
        request::MOST_SPANS,
        samples::{server, span, with},
    },
    *,
};

/// Ids of a root, and of what is below it with the parent that is told.
type Told = (u64, Vec<(u64, u64)>);

fn told(requests: Vec<Request>) -> Vec<Told> {
    let id = |id: opentelemetry::SpanId| u64::from_be_bytes(id.to_bytes());
    let tell = |request: Request| {
        let spans = request.spans.iter();
        let spans = spans.map(|span| (id(span.span_id), id(span.parent.unwrap().span_id)));
        (id(request.root.span_id), spans.collect())
    };
    requests.into_iter().map(tell).collect()
}

fn held(spans: impl IntoIterator<Item = FinishedSpan>, now: Instant) -> Held {
    let mut held = Held::default();
    for span in spans {
        assert!(held.take(span, now));
    }
    held
}

#[test]
fn a_request_has_the_spans_that_came_before_its_end_and_shortly_after() {
    let now = Instant::now();
    let spans = [
        span(1, 3, 2, (2, 3)),
        span(1, 2, 1, (1, 4)),
        server(1, 1, (0, 5)),
    ];
    let mut held = held(spans, now);
    assert!(told(held.ended(now)).is_empty(), "it waits for more");
    assert!(held.take(span(1, 4, 1, (4, 9)), now));
    let ended = told(held.ended(now + LINGER));
    assert_eq!(ended, [(1, vec![(2, 1), (3, 2), (4, 1)])]);
    assert_eq!((held.traces.len(), held.bytes), (0, 0));
}

#[test]
fn what_is_in_another_trace_or_has_not_ended_is_left_out() {
    let now = Instant::now();
    let mut held = held([span(2, 3, 2, (0, 1)), server(1, 1, (0, 5))], now);
    assert_eq!(told(held.ended(now + LINGER)), [(1, vec![])]);
    assert_eq!(held.traces.len(), 1);
}

#[test]
fn a_service_that_calls_itself_has_two_transactions_with_their_own_spans() {
    let now = Instant::now();
    let outer = [
        span(1, 2, 1, (1000, 2000)),
        span(1, 4, 3, (4000, 5000)),
        server(1, 3, (3000, 6000)),
    ];
    let mut held = held(outer, now);
    assert_eq!(told(held.ended(now + LINGER)), [(3, vec![(4, 3)])]);
    for span in [span(1, 5, 1, (2000, 7000)), server(1, 1, (0, 8000))] {
        assert!(held.take(span, now));
    }
    let ended = told(held.ended(now + LINGER));
    assert_eq!(ended, [(1, vec![(2, 1), (5, 1)])]);
}

#[test]
fn a_span_whose_parent_never_comes_is_the_requests() {
    let now = Instant::now();
    let mut held = held([span(1, 7, 6, (1, 2)), server(1, 1, (0, 5))], now);
    assert_eq!(told(held.ended(now + LINGER)), [(1, vec![(7, 1)])]);
}

#[test]
fn a_thousand_spans_are_cut_and_counted() {
    let now = Instant::now();
    let many = (2..1002).map(|id| span(1, id, 1, (id, id)));
    let mut held = held(many.chain([server(1, 1, (0, 2000))]), now);
    let (requests, orphans) = held.close();
    assert_eq!((requests.len(), orphans), (1, 0));
    assert_eq!(requests[0].spans.len(), MOST_SPANS);
    assert_eq!(requests[0].cut, 1000 - MOST_SPANS as u64);
}

#[test]
fn a_trace_that_loses_its_root_is_given_up_and_counted() {
    let now = Instant::now();
    let mut held = held([span(1, 2, 1, (1, 2)), span(2, 3, 1, (1, 2))], now);
    let late = now + PATIENCE / 2;
    assert!(held.take(span(2, 4, 1, (2, 3)), late));
    assert_eq!(held.give_up(now + PATIENCE), 1);
    assert_eq!(held.give_up(late + PATIENCE), 2);
    assert_eq!((held.traces.len(), held.bytes), (0, 0));
}

#[test]
fn what_is_held_has_bounds_and_room_for_every_root() {
    let now = Instant::now();
    let text = Value::from("x".repeat(4096));
    let wide = |trace| with(span(trace, 2, 1, (1, 2)), &[("note", text.clone())]);
    let mut held = Held::default();
    let taken = (0..10_000).filter(|n| held.take(wide(*n), now)).count();
    assert!((1_000..5_000).contains(&taken), "{taken}");
    assert!(held.bytes < MOST_BYTES + 8192);
    assert!(held.take(server(7, 1, (0, 5)), now));
    assert_eq!(
        told(held.ended(now)),
        [(1, vec![(2, 1)])],
        "without waiting"
    );
    assert!(held.take(wide(7), now), "there is room again");
    assert_eq!(held.give_up(now + PATIENCE_WHEN_FULL) as usize, taken);
}

#[test]
fn the_end_of_the_process_waits_for_nothing() {
    let now = Instant::now();
    let spans = [
        span(1, 2, 1, (1, 2)),
        server(1, 1, (0, 5)),
        span(2, 3, 1, (1, 2)),
    ];
    let (requests, orphans) = held(spans, now).close();
    assert_eq!((told(requests), orphans), (vec![(1, vec![(2, 1)])], 1));
}
