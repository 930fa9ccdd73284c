//! Many requests of every kind at once: the log, the metrics and the spans tell the same story.

use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

use belvedere_core::trace::SpanRecord;
use futures_util::future::join_all;

use crate::harness::{Event, Http2, Service, Setup, Wire, attribute, request};

const CONNECTIONS: usize = 16;
const REQUESTS: usize = 2_000;

/// How a caller behaves.
#[derive(Clone, Copy)]
enum Caller {
    /// Stays for the answer, and keeps the connection.
    Stays(&'static str, &'static str),
    /// Stays until the server closes.
    Watches(&'static str),
    /// Leaves as soon as it has asked.
    Leaves(&'static str),
    /// Is cut off as soon as the answer begins.
    IsCut(&'static str),
    /// Leaves in the middle of its upload.
    StopsSending,
}

const CALLERS: [Caller; 16] = [
    Caller::Stays("GET", "/ok"),
    Caller::Stays("GET", "/things/7"),
    Caller::Stays("GET", "/things/x"),
    Caller::Stays("POST", "/ok"),
    Caller::Stays("BREW", "/nowhere"),
    Caller::Stays("GET", "/missing"),
    Caller::Stays("GET", "/broken"),
    Caller::Stays("GET", "/bare"),
    Caller::Stays("GET", "/panic"),
    Caller::Stays("GET", "/hang"),
    Caller::Watches("/body-panic"),
    Caller::Watches("/body-error"),
    Caller::Leaves("/hang"),
    Caller::Leaves("/endless"),
    Caller::IsCut("/flood"),
    Caller::StopsSending,
];

/// Method, route and status of a request, the latter `499` for an abort.
type Kind = (String, String, String);
type Tally = BTreeMap<Kind, usize>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn log_metrics_and_spans_agree_about_two_thousand_mixed_requests() {
    let timeout = Duration::from_millis(200);
    let setup = Setup {
        timeout,
        ..Setup::default()
    };
    let mut service = setup.start().await;
    let workers = (0..CONNECTIONS).map(|worker| belvedere_core::spawn(work(service.addr, worker)));
    join_all(workers).await;
    service.counted(REQUESTS).await;
    service.shutdown.stop();
    assert_eq!(service.ended().await, 0);

    let logged = tally(service.logs.completed().iter().map(of_event));
    let spans = service.spans.servers();
    assert_eq!(logged, tally(spans.iter().map(of_span)));
    assert_eq!(logged, measured(&service));
    assert_eq!(logged.values().sum::<usize>(), REQUESTS);
    assert_eq!(service.active(), 0.0);
    are_the_same_requests(&service.logs.completed(), &spans);
    every_failure_is_told_once(&service);
}

/// The connection that a caller keeps.
enum Kept {
    Http1(Wire),
    Http2(Http2),
}

impl Kept {
    /// Every other caller speaks HTTP/2.
    async fn open(addr: SocketAddr, worker: usize) -> Self {
        if worker.is_multiple_of(2) {
            Self::Http1(Wire::open(addr).await)
        } else {
            Self::Http2(Http2::open(addr).await)
        }
    }

    async fn ask(&mut self, method: &str, path: &str) {
        match self {
            Self::Http1(wire) => {
                wire.say(head(method, path)).await;
                wire.answer().await;
            }
            Self::Http2(http2) => {
                http2.call(request(method, path)).await;
            }
        }
    }
}

async fn work(addr: SocketAddr, worker: usize) {
    let mut kept = Kept::open(addr, worker).await;
    for n in 0..REQUESTS / CONNECTIONS {
        call(addr, &mut kept, CALLERS[(worker + n) % CALLERS.len()]).await;
    }
}

async fn call(addr: SocketAddr, kept: &mut Kept, caller: Caller) {
    let mut own = Wire::open(addr).await;
    match caller {
        Caller::Stays(method, path) => kept.ask(method, path).await,
        Caller::Watches(path) => {
            own.say(head("GET", path)).await;
            own.rest().await;
        }
        Caller::Leaves(path) => own.say(head("GET", path)).await,
        Caller::IsCut(path) => {
            own.say(head("GET", path)).await;
            own.hear("begin").await;
            own.reset();
        }
        Caller::StopsSending => {
            own.say("POST /upload HTTP/1.1\r\nhost: test\r\ncontent-length: 9\r\n\r\nhalf")
                .await;
        }
    }
}

fn head(method: &str, path: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nhost: test\r\n\r\n")
}

fn tally(kinds: impl Iterator<Item = Kind>) -> Tally {
    let mut tally = Tally::new();
    kinds.for_each(|kind| *tally.entry(kind).or_default() += 1);
    tally
}

fn of_event(event: &Event) -> Kind {
    let of_request = |name| event.of_request(name).to_owned();
    let status = event.field("status_code").to_owned();
    (of_request("method"), of_request("route"), status)
}

fn of_span(span: &SpanRecord) -> Kind {
    let or = |text: String, other: &str| {
        if text.is_empty() {
            other.to_owned()
        } else {
            text
        }
    };
    let status = attribute(span, "http.response.status_code");
    (
        attribute(span, "http.request.method"),
        or(attribute(span, "http.route"), "unmatched"),
        or(status, "499"),
    )
}

fn measured(service: &Service) -> Tally {
    let series = service.metrics.series("http_requests_total").into_iter();
    series
        .map(|(labels, count)| (of_labels(&labels), count as usize))
        .collect()
}

fn of_labels(labels: &str) -> Kind {
    let value = |key: &str| {
        let (_, rest) = labels.split_once(&format!("{key}=\"")).unwrap();
        rest.split('"').next().unwrap().to_owned()
    };
    (value("method"), value("path"), value("status"))
}

fn are_the_same_requests(events: &[Event], spans: &[SpanRecord]) {
    let mut logged: Vec<_> = events
        .iter()
        .map(|event| event.of_request("span_id").to_owned())
        .collect();
    let mut exported: Vec<_> = spans.iter().map(|span| span.span_id.to_string()).collect();
    logged.sort();
    exported.sort();
    assert_eq!(logged, exported);
    exported.dedup();
    assert_eq!(exported.len(), REQUESTS);
}

fn every_failure_is_told_once(service: &Service) {
    let failures = |events: Vec<Event>| {
        let mut spans: Vec<_> = events
            .iter()
            .map(|event| event.of_request("span_id").to_owned())
            .collect();
        spans.sort();
        spans
    };
    let mut failed = service.logs.completed();
    failed.retain(|event| event.field("status_code").starts_with('5'));
    assert_eq!(failures(service.logs.exceptions()), failures(failed));
}
