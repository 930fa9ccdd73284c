use std::{
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use belvedere_core::{
    millis,
    names::{event, metric},
};

/// What is remembered: this half, and the one before.
const HALF: Duration = Duration::from_secs(5);
/// Fewer tries say nothing.
const ENOUGH: u32 = 20;
/// How many tries are let through to see, and have to be answered.
const PROBES: u32 = 3;
/// Spreads the replicas, which have all seen the same outage.
const JITTER: f64 = 0.2;

/// Keeps calls from an upstream that is down.
///
/// Not the breaker of Redis: an upstream that works fails now and then, and one that is down may answer some. So it is a share of
/// failures that counts, and several tries that have to be answered before everybody comes back.
#[derive(Debug)]
pub struct Breaker {
    upstream: &'static str,
    open_for: Duration,
    circuit: Mutex<Circuit>,
}

#[derive(Debug)]
struct Circuit {
    state: State,
    /// How often the state has changed: a try that began in another one says nothing of this.
    turn: u64,
    /// Since when it has not been closed.
    since: Instant,
}

#[derive(Debug)]
enum State {
    Closed(Tally),
    Open { until: Instant },
    HalfOpen { trying: u32, answered: u32 },
}

/// Leave for one try.
#[derive(Debug)]
pub struct Permit<'b> {
    breaker: &'b Breaker,
    turn: u64,
    is_told: bool,
}

/// What a try says of the upstream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It answered.
    Works,
    /// It did not, or that it has failed.
    Fails,
    /// Nothing: it was given up.
    Unknown,
}

#[derive(Debug, PartialEq, Eq)]
enum Change {
    Opened { tries: u32, failures: u32 },
    Reopened,
    Closed { after: Duration },
}

impl Breaker {
    /// Closed; once open, it is so for this long, give or take a fifth.
    pub fn new(upstream: &'static str, open_for: Duration) -> Self {
        let circuit = Circuit {
            state: State::Closed(Tally::new()),
            turn: 0,
            since: Instant::now(),
        };
        let breaker = Self {
            upstream,
            open_for,
            circuit: Mutex::new(circuit),
        };
        breaker.show(true);
        breaker
    }

    /// Leave for a try.
    ///
    /// # Errors
    ///
    /// There is none, for this long.
    pub fn admit(&self) -> Result<Permit<'_>, Duration> {
        let mut circuit = self.lock();
        let may_probe = match &mut circuit.state {
            State::Closed(_) => false,
            State::Open { until } => {
                let left = until.saturating_duration_since(Instant::now());
                if !left.is_zero() {
                    return Err(left);
                }
                true
            }
            State::HalfOpen { trying, answered } if *trying + *answered < PROBES => {
                *trying += 1;
                false
            }
            State::HalfOpen { .. } => return Err(self.open_for),
        };
        if may_probe {
            circuit.turn_to(State::HalfOpen {
                trying: 1,
                answered: 0,
            });
            tracing::debug!(message = event::CIRCUIT_HALF_OPEN, upstream = self.upstream);
        }
        Ok(Permit {
            breaker: self,
            turn: circuit.turn,
            is_told: false,
        })
    }

    fn hear(&self, turn: u64, verdict: Verdict) {
        let change = self.lock().hear(turn, verdict, self.open_for);
        match change {
            None => {}
            Some(Change::Opened { tries, failures }) => {
                self.show(false);
                let upstream = self.upstream;
                tracing::warn!(message = event::CIRCUIT_OPENED, upstream, tries, failures);
            }
            // An outage is told once; its every minute is not.
            Some(Change::Reopened) => {
                tracing::debug!(message = event::CIRCUIT_REOPENED, upstream = self.upstream);
            }
            Some(Change::Closed { after }) => {
                self.show(true);
                let duration_ms = millis(after);
                tracing::info!(
                    message = event::CIRCUIT_CLOSED,
                    upstream = self.upstream,
                    duration_ms
                );
            }
        }
    }

    fn show(&self, is_up: bool) {
        let gauge = metrics::gauge!(metric::DEPENDENCY_UP, "dependency" => self.upstream);
        gauge.set(f64::from(u8::from(is_up)));
    }

    fn lock(&self) -> MutexGuard<'_, Circuit> {
        self.circuit.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Circuit {
    fn turn_to(&mut self, state: State) {
        self.state = state;
        self.turn += 1;
    }

    fn open(&mut self, open_for: Duration) {
        let spread = 1.0 - JITTER + 2.0 * JITTER * fastrand::f64();
        let until = Instant::now() + open_for.mul_f64(spread);
        self.turn_to(State::Open { until });
    }

    fn hear(&mut self, turn: u64, verdict: Verdict, open_for: Duration) -> Option<Change> {
        if turn != self.turn {
            return None;
        }
        match &mut self.state {
            State::Closed(tally) => {
                let Count { tries, failures } = tally.count(verdict)?;
                self.since = Instant::now();
                self.open(open_for);
                Some(Change::Opened { tries, failures })
            }
            State::Open { .. } => None,
            State::HalfOpen { trying, answered } => {
                *trying -= 1;
                if verdict == Verdict::Fails {
                    self.open(open_for);
                    return Some(Change::Reopened);
                }
                *answered += u32::from(verdict == Verdict::Works);
                if *answered < PROBES {
                    return None;
                }
                self.turn_to(State::Closed(Tally::new()));
                let after = self.since.elapsed();
                Some(Change::Closed { after })
            }
        }
    }
}

impl Permit<'_> {
    /// Tells what came of it.
    pub fn tell(mut self, verdict: Verdict) {
        self.is_told = true;
        self.breaker.hear(self.turn, verdict);
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if !self.is_told {
            self.breaker.hear(self.turn, Verdict::Unknown);
        }
    }
}

/// Tries and failures of the last five to ten seconds.
#[derive(Debug)]
struct Tally {
    began: Instant,
    now: Count,
    before: Count,
}

#[derive(Debug, Default, Clone, Copy)]
struct Count {
    tries: u32,
    failures: u32,
}

impl Tally {
    fn new() -> Self {
        Self {
            began: Instant::now(),
            now: Count::default(),
            before: Count::default(),
        }
    }

    /// What there is, if it is too much.
    fn count(&mut self, verdict: Verdict) -> Option<Count> {
        if verdict == Verdict::Unknown {
            return None;
        }
        self.forget();
        self.now.tries += 1;
        self.now.failures += u32::from(verdict == Verdict::Fails);
        let all = Count {
            tries: self.now.tries + self.before.tries,
            failures: self.now.failures + self.before.failures,
        };
        (all.tries >= ENOUGH && all.failures * 2 >= all.tries).then_some(all)
    }

    fn forget(&mut self) {
        let age = self.began.elapsed();
        if age < HALF {
            return;
        }
        let now = mem::take(&mut self.now);
        self.before = if age < 2 * HALF {
            now
        } else {
            Count::default()
        };
        self.began = Instant::now();
    }
}

#[cfg(test)]
mod tests;
