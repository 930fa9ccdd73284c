//! What has arrived.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::Request;

use super::{OtlpAnswer, ReceivedLog, ReceivedMetric, ReceivedSpan};

/// Records of a kind that are kept before the oldest go: about 100 MB at worst, and more than any test looks at.
pub(super) const CAPACITY: usize = 100_000;

/// A request to the receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedRequest {
    /// `/v1/traces`, or the gRPC method.
    pub path: String,
    /// Its headers; names in lower case.
    pub headers: BTreeMap<String, String>,
    /// When its head was read.
    pub at: Instant,
}

impl ReceivedRequest {
    pub(super) fn of(request: &Request) -> Self {
        let headers = request.headers().iter();
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        Self {
            path: request.uri().path().to_owned(),
            headers: headers
                .map(|(name, value)| (name.to_string(), text(value.as_bytes())))
                .collect(),
            at: Instant::now(),
        }
    }
}

/// Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(super) struct Store(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    arrived: Mutex<Arrived>,
    news: Condvar,
}

#[derive(Debug, Default)]
pub(super) struct Arrived {
    pub(super) spans: VecDeque<ReceivedSpan>,
    pub(super) logs: VecDeque<ReceivedLog>,
    pub(super) metrics: VecDeque<ReceivedMetric>,
    pub(super) requests: VecDeque<ReceivedRequest>,
    answer: OtlpAnswer,
    /// Whole requests, if somebody wants to search them.
    texts: Option<String>,
}

impl Store {
    pub(super) fn lock(&self) -> MutexGuard<'_, Arrived> {
        let arrived = self.0.arrived.lock();
        arrived.unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks until it finds something, or the time is up.
    pub(super) fn wait<T>(
        &self,
        timeout: Duration,
        look: impl Fn(&Arrived) -> Option<T>,
    ) -> Option<T> {
        let deadline = Instant::now() + timeout;
        let mut arrived = self.lock();
        loop {
            if let Some(found) = look(&arrived) {
                return Some(found);
            }
            let left = deadline.checked_duration_since(Instant::now())?;
            let waited = self.0.news.wait_timeout(arrived, left);
            arrived = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    pub(super) fn set_answer(&self, answer: OtlpAnswer) {
        self.lock().answer = answer;
    }

    pub(super) fn keep_texts(&self) {
        self.lock().texts.get_or_insert_default();
    }

    pub(super) fn keep_text(&self, text: impl FnOnce() -> String) {
        if let Some(texts) = &mut self.lock().texts {
            texts.push_str(&text());
            texts.push('\n');
        }
    }

    pub(super) fn texts(&self) -> String {
        self.lock().texts.clone().unwrap_or_default()
    }

    pub(super) fn next_answer(&self) -> OtlpAnswer {
        let answer = &mut self.lock().answer;
        if answer.times == 0 {
            return OtlpAnswer::default();
        }
        answer.times -= 1;
        *answer
    }

    pub(super) fn seen(&self, request: ReceivedRequest) {
        self.add(|arrived| keep(&mut arrived.requests, [request]));
    }

    /// Changes what has arrived, and tells those who wait.
    pub(super) fn add(&self, change: impl FnOnce(&mut Arrived)) {
        change(&mut self.lock());
        self.0.news.notify_all();
    }
}

pub(super) fn keep<T>(kept: &mut VecDeque<T>, received: impl IntoIterator<Item = T>) {
    for one in received {
        if kept.len() == CAPACITY {
            kept.pop_front();
        }
        kept.push_back(one);
    }
}
