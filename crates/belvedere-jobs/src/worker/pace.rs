use std::time::Duration;

/// After an enqueue in this process: its transaction is about to be committed.
const HURRIED: [Duration; 4] = [
    Duration::from_millis(5),
    Duration::from_millis(20),
    Duration::from_millis(80),
    Duration::from_millis(250),
];

/// How long a worker that finds nothing waits before it looks again.
#[derive(Debug)]
pub(super) struct Pace {
    poll: Duration,
    step: usize,
}

impl Pace {
    pub(super) const fn new(poll: Duration) -> Self {
        Self {
            poll,
            step: HURRIED.len(),
        }
    }

    /// There may be something soon.
    pub(super) const fn hurry(&mut self) {
        self.step = 0;
    }

    pub(super) const fn took(&mut self, is_any: bool) {
        if is_any {
            self.step = HURRIED.len();
        }
    }

    /// The next pause. Workers that began together drift apart.
    pub(super) fn pause(&mut self) -> Duration {
        let hurried = HURRIED.get(self.step);
        self.step = (self.step + 1).min(HURRIED.len());
        let usual = || self.poll.mul_f64(0.75 + 0.5 * fastrand::f64());
        hurried.map_or_else(usual, |pause| self.poll.min(*pause))
    }
}
