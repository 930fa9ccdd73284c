use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use belvedere_core::trace::{FinishedSpan, Parent};
use opentelemetry::SpanId;
use serde_json::Value;

/// Spans of one transaction, its own apart: it is one event to Sentry, which takes 1 MiB of that.
pub(super) const MOST_SPANS: usize = 256;
const MOST_BYTES: usize = 512 * 1024;
/// A root knows its end and how long it took: its begin is off by the time it took to tell of itself.
const SLACK: Duration = Duration::from_millis(100);
/// What a span takes besides its texts: ids, times, keys.
const BARE_SPAN: usize = 512;

/// What one request, or another piece of work of its own, has left.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) root: FinishedSpan,
    pub(super) spans: Vec<FinishedSpan>,
    /// Spans that there was no room for.
    pub(super) cut: u64,
}

/// Spans of one trace, in the order of their ends.
#[derive(Debug)]
pub(super) struct Trace {
    pub(super) roots: Vec<FinishedSpan>,
    spans: Vec<FinishedSpan>,
    bytes: usize,
    cut: u64,
    /// The last root's.
    pub(super) ended: Option<Instant>,
    /// When anything came last.
    pub(super) touched: Instant,
}

impl Trace {
    pub(super) const fn new(now: Instant) -> Self {
        Self {
            roots: Vec::new(),
            spans: Vec::new(),
            bytes: 0,
            cut: 0,
            ended: None,
            touched: now,
        }
    }

    /// How many more bytes it takes now.
    pub(super) fn take(&mut self, span: FinishedSpan, now: Instant) -> usize {
        self.touched = now;
        let bytes = weigh(&span);
        if span.is_local_root() {
            self.ended = Some(now);
            self.roots.push(span);
        } else if self.spans.len() < MOST_SPANS && self.bytes + bytes <= MOST_BYTES {
            self.spans.push(span);
        } else {
            self.cut += 1;
            return 0;
        }
        self.bytes += bytes;
        bytes
    }

    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Spans without a root, counting what was cut.
    pub(super) const fn orphans(&self) -> u64 {
        self.spans.len() as u64 + self.cut
    }

    pub(super) fn is_empty(&self) -> bool {
        self.roots.is_empty() && self.spans.is_empty()
    }

    /// Every root with the spans below it. What is below none of them stays: its root has not ended.
    pub(super) fn finish(&mut self) -> Vec<Request> {
        let roots = std::mem::take(&mut self.roots);
        let ids: Vec<_> = roots.iter().map(|root| root.span_id).collect();
        self.ended = None;
        let finish = |root| {
            let spans = self.below(&root, &ids);
            let cut = std::mem::take(&mut self.cut);
            Request { root, spans, cut }
        };
        let finished = roots.into_iter().map(finish).collect();
        self.bytes = self.spans.iter().map(weigh).sum();
        finished
    }

    fn below(&mut self, root: &FinishedSpan, roots: &[SpanId]) -> Vec<FinishedSpan> {
        let parents: HashMap<_, _> = self.spans.iter().map(parent).collect();
        let is_below = |span: &mut FinishedSpan| {
            let top = top(span.span_id, &parents);
            let is_lost = !roots.contains(&top);
            top == root.span_id || (is_lost && is_within(span, root))
        };
        let mut own: Vec<_> = self.spans.extract_if(.., is_below).collect();
        own.sort_by_key(|span| span.start);
        for span in &mut own {
            let above = parent(span).1;
            // Its own parent is not told here: it ends later, was cut, or is for other back ends.
            if above != root.span_id && !parents.contains_key(&above) {
                span.parent = Some(Parent {
                    span_id: root.span_id,
                    is_remote: false,
                });
            }
        }
        own
    }
}

fn parent(span: &FinishedSpan) -> (SpanId, SpanId) {
    let above = span.parent.map_or(SpanId::INVALID, |parent| parent.span_id);
    (span.span_id, above)
}

/// The first above a span that is not among `parents`. Ids that go in a circle, which nobody makes, have none.
fn top(span: SpanId, parents: &HashMap<SpanId, SpanId>) -> SpanId {
    let mut at = span;
    for _ in 0..=parents.len() {
        match parents.get(&at) {
            Some(above) => at = *above,
            None => return at,
        }
    }
    SpanId::INVALID
}

/// Whether it began while `root` ran: of a span whose parent is not known, that is what there is to go by.
fn is_within(span: &FinishedSpan, root: &FinishedSpan) -> bool {
    (root.start - SLACK..=root.end).contains(&span.start)
}

fn weigh(span: &FinishedSpan) -> usize {
    let texts = span.attributes.iter().map(|(key, value)| {
        let text = match value {
            Value::String(text) => text.len(),
            _ => 0,
        };
        key.len() + text
    });
    BARE_SPAN + span.name.len() + texts.sum::<usize>()
}
