//! Many requests of every kind at once: the log, the metrics and the spans tell the same story.

mod arrivals;
mod callers;
mod workers;

use std::{collections::BTreeMap, time::Duration};

use belvedere_testing::report;
use futures_util::future::join_all;

use crate::harness::{Event, Service, Setup, attribute, routes};
use arrivals::Arrivals;
use callers::{Caller, Kind, callers};
use workers::Worker;

const WORKERS: usize = 16;

type Tally = BTreeMap<Kind, usize>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn log_metrics_and_spans_agree_about_a_thousand_mixed_requests() {
    agree(1_000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "soak: make soak"]
async fn log_metrics_and_spans_agree_about_ten_thousand_mixed_requests() {
    agree(10_000).await;
}

/// Makes at least that many requests, as often of each kind.
async fn agree(requests: usize) {
    let kinds = kinds(false).len() + kinds(true).len();
    let rounds = requests.div_ceil(WORKERS / 2 * kinds);
    let expected = expected(rounds);
    let requests = expected.values().sum();

    let mut service = serve_and_call(rounds).await;
    service.counted(requests).await;
    service.shutdown.stop();
    assert_eq!(service.ended().await, 0);

    assert_eq!(logged(&service), expected, "by the log");
    assert_eq!(measured(&service), expected, "by the metrics");
    assert_eq!(traced(&service), expected, "by the spans");
    let durations = "http_request_duration_seconds_count";
    assert_eq!(service.metrics.sum(durations, &[]), requests as f64);
    nothing_is_active(&service);
    they_are_the_same_requests(&service);
    every_failure_is_told_once(&service);
    both_protocols_spoke(&service, rounds);
    let kinds = expected.len();
    report(format_args!(
        "{requests} requests that ended in {kinds} ways, each told once"
    ));
}

async fn serve_and_call(rounds: usize) -> Service {
    let arrivals = Arrivals::of(WORKERS);
    let setup = Setup {
        routes: routes().merge(arrivals.clone().routes()),
        // Longer than a caller may need to leave a handler that waits.
        timeout: Duration::from_secs(1),
        ..Setup::default()
    };
    let service = setup.start().await;
    let works = (0..WORKERS).map(|number| {
        let worker = Worker {
            addr: service.addr,
            number,
            arrivals: arrivals.clone(),
        };
        let callers = rotated(callers(worker.is_http2()), number).repeat(rounds);
        belvedere_core::spawn(worker.work(callers))
    });
    for worked in join_all(works).await {
        assert_eq!(worked.unwrap(), Some(()), "a caller panicked");
    }
    service
}

/// Each worker begins elsewhere, so that all kinds are under way at any time.
fn rotated(mut callers: Vec<Caller>, number: usize) -> Vec<Caller> {
    let steps = number * callers.len() / WORKERS;
    callers.rotate_left(steps);
    callers
}

fn kinds(is_http2: bool) -> Vec<Kind> {
    let callers = callers(is_http2).into_iter();
    callers.filter_map(Caller::kind).collect()
}

fn expected(rounds: usize) -> Tally {
    let kinds = kinds(false).into_iter().chain(kinds(true));
    let mut tally = tally(kinds);
    tally
        .values_mut()
        .for_each(|count| *count *= rounds * WORKERS / 2);
    tally
}

fn tally(kinds: impl Iterator<Item = Kind>) -> Tally {
    let mut tally = Tally::new();
    kinds.for_each(|kind| *tally.entry(kind).or_default() += 1);
    tally
}

fn logged(service: &Service) -> Tally {
    tally(service.logs.completed().iter().map(of_event))
}

fn of_event(event: &Event) -> Kind {
    let of_request = |name| event.of_request(name).to_owned();
    let status = event.field("status_code").to_owned();
    (of_request("method"), of_request("route"), status)
}

fn traced(service: &Service) -> Tally {
    let spans = service.spans.servers();
    tally(spans.iter().map(|span| of_span(|key| attribute(span, key))))
}

fn of_span(attribute: impl Fn(&str) -> String) -> Kind {
    let or = |key, other: &str| match attribute(key) {
        text if text.is_empty() => other.to_owned(),
        text => text,
    };
    (
        attribute("http.request.method"),
        or("http.route", "unmatched"),
        or("http.response.status_code", "499"),
    )
}

fn measured(service: &Service) -> Tally {
    let series = service.metrics.series("http_requests_total").into_iter();
    let counted = series.map(|(labels, count)| (of_labels(&labels), count as usize));
    counted.filter(|(_, count)| *count > 0).collect()
}

fn of_labels(labels: &str) -> Kind {
    let value = |key: &str| {
        let (_, rest) = labels.split_once(&format!("{key}=\"")).unwrap();
        rest.split('"').next().unwrap().to_owned()
    };
    (value("method"), value("path"), value("status"))
}

fn nothing_is_active(service: &Service) {
    let mut active = service.metrics.series("http_requests_active");
    active.retain(|(_, count)| *count != 0.0);
    assert!(active.is_empty(), "{active:?}");
}

fn they_are_the_same_requests(service: &Service) {
    let spans = service.spans.servers().into_iter();
    let mut exported: Vec<_> = spans.map(|span| span.span_id.to_string()).collect();
    exported.sort();
    assert_eq!(span_ids(&service.logs.completed()), exported);
    let before = exported.len();
    exported.dedup();
    assert_eq!(exported.len(), before);
}

fn every_failure_is_told_once(service: &Service) {
    let mut failed = service.logs.completed();
    failed.retain(|event| event.field("status_code").starts_with('5'));
    assert_eq!(span_ids(&service.logs.exceptions()), span_ids(&failed));
}

fn span_ids(events: &[Event]) -> Vec<String> {
    let ids = events.iter().map(|event| event.of_request("span_id"));
    let mut ids: Vec<_> = ids.map(str::to_owned).collect();
    ids.sort();
    ids
}

fn both_protocols_spoke(service: &Service, rounds: usize) {
    let spans = service.spans.servers();
    let version = |span: &&_| attribute(span, "network.protocol.version") == "2";
    let over_http2 = spans.iter().filter(version).count();
    assert_eq!(over_http2, kinds(true).len() * rounds * WORKERS / 2);
}
