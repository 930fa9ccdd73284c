//! What a million callers cost.

use std::{fs, net::Ipv4Addr, num::NonZeroU32, time::Instant};

use belvedere_core::{Quota, RateKey, RateStore, Taken};
use belvedere_http::InProcess;
use belvedere_testing::report;

use crate::harness::Metrics;

const MILLION: u32 = 1_000_000;
const MAX_BYTES: u64 = 20_000_000;
/// A whole quota, which is not whole again before an hour is over.
const HOUR: NonZeroU32 = NonZeroU32::new(3600).unwrap();

/// Without what is the program's own.
fn anonymous_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("RssAnon:"));
    let kilobytes = line.unwrap().trim().trim_end_matches(" kB");
    kilobytes.parse::<u64>().unwrap() * 1024
}

fn is_allowed(store: &InProcess, caller: u32, cost: NonZeroU32) -> bool {
    let key = RateKey::of_address(Ipv4Addr::from_bits(caller).into());
    match store.take(key, cost) {
        Taken::Now(rated) => rated.is_allowed,
        Taken::Later(_) => unreachable!("it is in process"),
    }
}

#[test]
fn a_million_addresses_cost_less_than_20_mb_and_most_are_known_again() {
    let metrics = Metrics::install();
    let quota = Quota {
        per_second: NonZeroU32::MIN,
        burst: HOUR,
    };
    let before = anonymous_bytes();
    let store = InProcess::by_address(quota);
    let few = (0..100).filter(|caller| is_allowed(&store, *caller, HOUR));
    assert_eq!(few.count(), 100);
    let few = anonymous_bytes() - before;
    let began = Instant::now();
    for caller in 0..MILLION {
        is_allowed(&store, caller, HOUR);
    }
    let each = began.elapsed() / MILLION;
    // Few of them, since whoever comes again takes somebody's place.
    let known = (0..MILLION).step_by(100);
    let known = known.filter(|caller| !is_allowed(&store, *caller, HOUR));
    let known = known.count() as f64 / f64::from(MILLION / 100);
    let cost = anonymous_bytes() - before;
    let forgotten = metrics.sum("rate_limit_evictions_total", &[("limit", "ip")]);
    report(format_args!(
        "a hundred callers {few} bytes; a million {cost}, {each:?} each, {known} of them known again, {forgotten} forgotten"
    ));
    assert!(few < 2_000_000, "{few} bytes");
    assert!(cost < MAX_BYTES, "{cost} bytes");
    assert!(known > 0.8, "{known}");
    assert!(forgotten > 0.0, "more came than there are places");
}
