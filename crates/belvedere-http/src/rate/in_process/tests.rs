use std::net::{IpAddr, Ipv4Addr};

use governor::clock::FakeRelativeClock;

use super::*;

const MILLI: Duration = Duration::from_millis(1);

fn store(per_second: u32, burst: u32, clock: &FakeRelativeClock) -> InProcess<FakeRelativeClock> {
    let some = |number| NonZeroU32::new(number).unwrap();
    let quota = Quota {
        per_second: some(per_second),
        burst: some(burst),
    };
    // 4,096 callers.
    InProcess::new("test", quota, 12, clock.clone())
}

fn key(number: u32) -> RateKey<'static> {
    RateKey::Address(IpAddr::from(Ipv4Addr::from_bits(number)))
}

fn take(store: &impl RateStore, key: RateKey<'_>) -> Rated {
    match store.take(key, NonZeroU32::MIN) {
        Taken::Now(rated) => rated,
        Taken::Later(_) => unreachable!("it is in process"),
    }
}

#[test]
fn a_burst_goes_through_and_then_so_many_a_second() {
    let clock = FakeRelativeClock::default();
    let store = store(10, 5, &clock);
    let remaining: Vec<_> = (0..5).map(|_| take(&store, key(1)).remaining).collect();
    assert_eq!(remaining, [4, 3, 2, 1, 0]);
    let refused = take(&store, key(1));
    assert!(!refused.is_allowed);
    assert!(
        refused.reset <= MILLI * 100 && refused.reset > MILLI * 90,
        "{refused:?}"
    );
    assert!(take(&store, key(2)).is_allowed, "another is another");
    for _ in 0..1000 {
        clock.advance(MILLI * 100);
        assert!(take(&store, key(1)).is_allowed);
        assert!(!take(&store, key(1)).is_allowed);
    }
    clock.advance(Duration::from_secs(3600 * 24 * 365));
    assert_eq!(take(&store, key(1)).remaining, 4);
}

#[test]
fn a_rate_is_kept_to_a_hundredth_whatever_it_is() {
    for per_second in [1, 7, 1_000, 99_999] {
        let clock = FakeRelativeClock::default();
        let store = store(per_second, 1, &clock);
        let step = Duration::from_secs(1) / per_second / 10;
        let allowed = (0..100_000).filter(|_| {
            clock.advance(step);
            take(&store, key(1)).is_allowed
        });
        let allowed = allowed.count();
        assert!(
            (9_090..=10_100).contains(&allowed),
            "{per_second}: {allowed}"
        );
    }
}

#[test]
fn a_cost_is_taken_whole_or_not_at_all() {
    let clock = FakeRelativeClock::default();
    let store = store(10, 5, &clock);
    let cost = |cost| match store.take(key(1), NonZeroU32::new(cost).unwrap()) {
        Taken::Now(rated) => (rated.is_allowed, rated.remaining),
        Taken::Later(_) => unreachable!("it is in process"),
    };
    assert_eq!(cost(3), (true, 2));
    assert_eq!(cost(3), (false, 0));
    assert_eq!(cost(2), (true, 0));
    assert_eq!(cost(6), (false, 0));
}

#[test]
fn a_table_that_is_full_forgets_those_whose_quota_is_whole_first() {
    let clock = FakeRelativeClock::default();
    let store = store(1, 10, &clock);
    let busy = key(0);
    for _ in 0..10 {
        take(&store, busy);
    }
    // Ten times as many as there are places, each of whom is whole again before the busy one.
    for number in 1..40_960 {
        take(&store, key(number));
    }
    assert!(!take(&store, busy).is_allowed, "the busy one was forgotten");
}

#[test]
fn callers_that_come_at_once_get_no_more_than_one_after_another() {
    let clock = FakeRelativeClock::default();
    let store = store(1, 1_000, &clock);
    let allowed = |_| (0..500).filter(|_| take(&store, key(1)).is_allowed).count();
    let allowed: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|n| scope.spawn(move || allowed(n))).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum()
    });
    assert_eq!(allowed, 1_000);
}
