use std::{
    collections::VecDeque,
    io,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use belvedere_core::names::{event, metric};
use reqwest::{Client, StatusCode, Url, header::RETRY_AFTER};
use sentry_core::types::Dsn;
use tokio::runtime::{self, Runtime};

/// Envelopes that wait; more are dropped and counted. One has a few KiB.
const MOST_WAITING: usize = 64;
/// Longest wait for one answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Longest time that a server may ask to be left alone.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// Takes envelopes to Sentry, from a thread and a runtime of its own. Handing one over never waits.
#[derive(Debug)]
pub(crate) struct Courier(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Vec<u8>>,
    is_sending: bool,
    is_closed: bool,
}

impl Courier {
    pub(crate) fn start(dsn: &Dsn) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let way = Way::to(dsn)?;
        let work = Arc::clone(&shared);
        thread::Builder::new()
            .name("sentry".to_owned())
            .spawn(move || way.run(&work))?;
        Ok(Self(shared))
    }

    pub(crate) fn push(&self, envelope: Vec<u8>) {
        let mut state = self.0.lock();
        if state.is_closed || state.waiting.len() >= MOST_WAITING {
            let reason = if state.is_closed {
                "closed"
            } else {
                "queue_full"
            };
            drop(state);
            return count_dropped(reason, 1);
        }
        state.waiting.push_back(envelope);
        drop(state);
        self.0.changed.notify_all();
    }

    /// Takes nothing more, and waits for what is on its way. What is left then is counted.
    pub(crate) fn close(&self, timeout: Duration) -> bool {
        self.0.lock().is_closed = true;
        self.0.changed.notify_all();
        let is_sent = self.wait(timeout);
        let left = std::mem::take(&mut self.0.lock().waiting).len();
        if left > 0 {
            count_dropped("export_failed", left as u64);
        }
        is_sent
    }

    pub(crate) fn wait(&self, timeout: Duration) -> bool {
        let deadline = Instant::now() + timeout;
        let mut state = self.0.lock();
        while state.is_sending || !state.waiting.is_empty() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let waited = self.0.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next envelope, waited for; `None` at the end.
    fn next(&self) -> Option<Vec<u8>> {
        let mut state = self.lock();
        loop {
            if let Some(envelope) = state.waiting.pop_front() {
                state.is_sending = true;
                return Some(envelope);
            }
            if state.is_closed {
                return None;
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn sent(&self) {
        self.lock().is_sending = false;
        self.changed.notify_all();
    }
}

/// Where envelopes go, and how.
struct Way {
    runtime: Runtime,
    client: Client,
    url: Url,
    auth: String,
}

impl Way {
    fn to(dsn: &Dsn) -> io::Result<Self> {
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let client = Client::builder()
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none());
        Ok(Self {
            runtime,
            client: client.build().map_err(io::Error::other)?,
            url: dsn.envelope_api_url(),
            auth: dsn
                .to_auth(Some(concat!("belvedere/", env!("CARGO_PKG_VERSION"))))
                .to_string(),
        })
    }

    fn run(&self, shared: &Shared) {
        let mut silent_until = Instant::now();
        let mut is_failing = false;
        while let Some(envelope) = shared.next() {
            if Instant::now() < silent_until {
                count_dropped("rate_limited", 1);
                shared.sent();
                continue;
            }
            let answer = self.runtime.block_on(self.send(envelope));
            match &answer {
                Ok(Some(pause)) => {
                    silent_until = Instant::now() + *pause;
                    count_dropped("rate_limited", 1);
                }
                Ok(None) => is_failing = false,
                Err(error) => {
                    count_dropped("export_failed", 1);
                    // Once for each time that it breaks, and as no error: that would have to be sent.
                    if !std::mem::replace(&mut is_failing, true) {
                        tracing::warn!(message = event::ERRORS_EXPORT_FAILED, error = %error);
                    }
                }
            }
            shared.sent();
        }
    }

    /// How long the server wants to be left alone, if it does.
    async fn send(&self, envelope: Vec<u8>) -> Result<Option<Duration>, reqwest::Error> {
        let request = self.client.post(self.url.clone()).body(envelope);
        let request = request.header("x-sentry-auth", &self.auth);
        let answer = request.send().await.map_err(reqwest::Error::without_url)?;
        if answer.status() == StatusCode::TOO_MANY_REQUESTS {
            let after = answer.headers().get(RETRY_AFTER);
            let seconds = after.and_then(|after| after.to_str().ok()?.parse().ok());
            let pause = Duration::from_secs(seconds.unwrap_or(60));
            return Ok(Some(pause.min(LONGEST_PAUSE)));
        }
        let answer = answer.error_for_status();
        answer.map(|_| None).map_err(reqwest::Error::without_url)
    }
}

pub(crate) fn count_dropped(reason: &'static str, count: u64) {
    let labels = [("signal", "errors"), ("reason", reason)];
    metrics::counter!(metric::TELEMETRY_DROPPED, &labels).increment(count);
}

#[cfg(test)]
mod tests;
