//! What callers can invent costs no memory and no series.

use std::{
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpStream},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use belvedere_testing::{Quantiles, TestService, report};

use crate::{helpers::service, kept::Kept};

const CONNECTIONS: usize = 4;
/// Requests that are sent before their answers are read.
const PIPELINED: usize = 100;
const PATHS: usize = 100_000;
/// Of methods, and of hosts.
const NAMES: usize = 10_000;
/// Enough to fill queues, caches and buffers, with requests as they come later.
const WARM_UP: usize = 50_000;

const REQUESTS: usize = 1_000_000;
const MOST_GROWTH: u64 = 5_000_000;
const LONGEST_METRICS: usize = 100_000;
/// Five times what is wanted: the machine may be busy.
const LONGEST_SCRAPE: Duration = Duration::from_millis(250);
/// Between two scrapes.
const PAUSE: Duration = Duration::from_millis(50);

/// Every tenth has a method that nobody knows, every other a path that no route matches.
fn request(n: usize) -> String {
    let path = if n.is_multiple_of(2) { "things" } else { "no" };
    let method = if n.is_multiple_of(10) {
        format!("M{}", n / 10 % NAMES)
    } else {
        "GET".to_owned()
    };
    let (id, host) = (n % PATHS, n % NAMES);
    format!("{method} /{path}/{id}?page={n} HTTP/1.1\r\nhost: host-{host}.test\r\n\r\n")
}

/// Sends the requests of `numbers` over one connection.
fn call(addr: SocketAddr, numbers: impl Iterator<Item = usize>) {
    let mut stream = BufReader::new(TcpStream::connect(addr).unwrap());
    let mut numbers = numbers.peekable();
    while numbers.peek().is_some() {
        let requests: Vec<_> = numbers.by_ref().take(PIPELINED).map(request).collect();
        stream
            .get_mut()
            .write_all(requests.concat().as_bytes())
            .unwrap();
        hear(&mut stream, requests.len());
    }
}

/// Reads until that many answers have begun. Each has the header once.
fn hear(stream: &mut BufReader<TcpStream>, answers: usize) {
    let mut line = Vec::new();
    let mut heard = 0;
    while heard < answers {
        line.clear();
        assert_ne!(stream.read_until(b'\n', &mut line).unwrap(), 0, "closed");
        heard += usize::from(line.starts_with(b"x-request-id: "));
    }
}

fn call_all(service: &TestService, requests: std::ops::Range<usize>) {
    thread::scope(|scope| {
        for connection in 0..CONNECTIONS {
            let numbers = requests.clone().skip(connection).step_by(CONNECTIONS);
            scope.spawn(|| call(service.http(), numbers));
        }
    });
}

/// Scrapes while `work` is done: how long each scrape took, and how long the longest text was.
fn scraping(service: &TestService, work: impl FnOnce()) -> (Quantiles, usize) {
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        let scraping = scope.spawn(|| scrape_until(service.admin(), &is_done));
        work();
        is_done.store(true, Ordering::Relaxed);
        scraping.join().unwrap()
    })
}

fn scrape_until(addr: SocketAddr, is_done: &AtomicBool) -> (Quantiles, usize) {
    let mut kept = Kept::new(addr);
    let (mut took, mut longest) = (Vec::new(), 0);
    while !is_done.load(Ordering::Relaxed) {
        let began = Instant::now();
        let (status, text) = kept.get("/metrics").unwrap();
        took.push(began.elapsed());
        assert_eq!(status, 200);
        longest = longest.max(text.len());
        thread::sleep(PAUSE);
    }
    (took.into_iter().collect(), longest)
}

/// How many requests are counted, and by how many series of all metrics.
fn counted(service: &TestService) -> (usize, usize) {
    let (_, text) = Kept::new(service.admin()).get("/metrics").unwrap();
    let series = || text.lines().filter(|line| !line.starts_with('#'));
    let requests = series().filter(|line| line.starts_with("http_requests_total{"));
    let counts = requests.filter_map(|line| line.rsplit(' ').next()?.parse::<usize>().ok());
    (counts.sum(), series().count())
}

#[test]
#[ignore = "soak: make soak"]
fn a_million_requests_with_invented_paths_methods_and_hosts_cost_no_memory_and_no_series() {
    let service = service()
        .keep_lines(1_000)
        .variable("OTEL_TRACES_SAMPLER_ARG", "0.1")
        .start()
        .unwrap();
    let (_, before) = scraping(&service, || call_all(&service, 0..WARM_UP));
    let resident = service.resident_bytes().unwrap();
    let (_, series) = counted(&service);

    let began = Instant::now();
    let (scrapes, longest) = scraping(&service, || call_all(&service, 0..REQUESTS));
    let took = began.elapsed();
    let after = service.resident_bytes().unwrap();
    let growth = after.saturating_sub(resident);

    let rate = REQUESTS as f64 / took.as_secs_f64();
    report(format_args!(
        "{REQUESTS} requests in {took:.1?}, {rate:.0} a second"
    ));
    report(format_args!(
        "resident: {resident} bytes, then {growth} more"
    ));
    report(format_args!("/metrics: {before} bytes, then {longest}"));
    report(format_args!("scrapes: {scrapes}"));
    assert_eq!(counted(&service), (WARM_UP + REQUESTS, series));
    assert!(growth < MOST_GROWTH, "{growth} bytes");
    assert!(longest < LONGEST_METRICS, "{longest} bytes");
    assert!(scrapes.at(0.99) < LONGEST_SCRAPE, "{scrapes}");
}
