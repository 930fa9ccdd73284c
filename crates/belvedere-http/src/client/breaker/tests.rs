use super::*;

const SHORT: Duration = Duration::from_millis(50);

fn breaker() -> Breaker {
    Breaker::new("payments", SHORT)
}

impl Breaker {
    fn hear_all(&self, verdicts: impl IntoIterator<Item = Verdict>) {
        for verdict in verdicts {
            self.admit().unwrap().tell(verdict);
        }
    }

    fn is_open(&self) -> bool {
        matches!(self.lock().state, State::Open { .. })
    }

    fn is_closed(&self) -> bool {
        matches!(self.lock().state, State::Closed(_))
    }

    /// Open, and its time over.
    fn due() -> Self {
        let breaker = breaker();
        breaker.hear_all([Verdict::Fails; 20]);
        assert!(breaker.is_open());
        std::thread::sleep(2 * SHORT);
        breaker
    }
}

#[test]
fn a_circuit_opens_when_half_of_enough_tries_failed() {
    let breaker = breaker();
    breaker.hear_all([Verdict::Fails; 19]);
    assert!(breaker.is_closed());
    breaker.hear_all([Verdict::Fails]);
    assert!(breaker.is_open());
    let left = breaker.admit().unwrap_err();
    assert!(left <= SHORT.mul_f64(1.0 + JITTER), "{left:?}");
}

#[test]
fn a_circuit_stays_closed_while_most_tries_are_answered() {
    let breaker = breaker();
    for _ in 0..100 {
        breaker.hear_all([Verdict::Works, Verdict::Works, Verdict::Fails]);
        breaker.hear_all([Verdict::Unknown; 3]);
    }
    assert!(breaker.is_closed());
}

#[test]
fn an_open_circuit_lets_three_through_to_see_and_closes_when_all_are_answered() {
    let breaker = Breaker::due();
    let probes: Vec<_> = (0..3).map(|_| breaker.admit().unwrap()).collect();
    assert!(breaker.admit().is_err());
    for probe in probes {
        assert!(!breaker.is_closed());
        probe.tell(Verdict::Works);
    }
    assert!(breaker.is_closed());
}

#[test]
fn a_circuit_opens_again_at_the_first_probe_that_fails() {
    let breaker = Breaker::due();
    let (first, second) = (breaker.admit().unwrap(), breaker.admit().unwrap());
    first.tell(Verdict::Works);
    second.tell(Verdict::Fails);
    assert!(breaker.is_open());
}

#[test]
fn a_probe_that_is_given_up_makes_room_for_another() {
    let breaker = Breaker::due();
    for _ in 0..10 {
        drop(breaker.admit().unwrap());
    }
    breaker.hear_all([Verdict::Works; 3]);
    assert!(breaker.is_closed());
}

#[test]
fn a_try_that_began_before_the_circuit_changed_says_nothing_of_it() {
    let breaker = breaker();
    let early: Vec<_> = (0..9).map(|_| breaker.admit().unwrap()).collect();
    breaker.hear_all([Verdict::Fails; 20]);
    std::thread::sleep(2 * SHORT);
    let probe = breaker.admit().unwrap();
    let mut verdicts = [Verdict::Works, Verdict::Fails, Verdict::Unknown]
        .iter()
        .cycle();
    early
        .into_iter()
        .for_each(|permit| permit.tell(*verdicts.next().unwrap()));
    assert!(!breaker.is_closed() && !breaker.is_open());
    probe.tell(Verdict::Works);
    breaker.hear_all([Verdict::Works; 2]);
    assert!(breaker.is_closed());
}

#[test]
fn what_is_long_ago_is_forgotten() {
    let mut tally = Tally::new();
    for _ in 0..ENOUGH - 1 {
        assert!(tally.count(Verdict::Fails).is_none());
    }
    let Some(earlier) = tally.began.checked_sub(2 * HALF) else {
        return;
    };
    tally.began = earlier;
    assert!(tally.count(Verdict::Fails).is_none());
    assert_eq!((tally.now.tries, tally.before.tries), (1, 0));
}
