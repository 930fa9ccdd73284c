use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use arc_swap::ArcSwapOption;
use belvedere_core::{BoxFuture, CheckFailure, HealthCheck, Shutdown, critical, names::event};
use jsonwebtoken::{Algorithm, Header};
use reqwest::{Client, Url};
use tokio::{
    sync::{Notify, watch},
    time,
};

use super::{
    fetch::{FetchError, client, fetch},
    set::KeySet,
};
use crate::identity::{
    refusal::Refusal,
    token::{Key, Rules},
};

/// Whoever makes up key ids does not make us ask the issuer more often than that.
const ASK_EVERY: Duration = Duration::from_secs(10);
/// How long a request waits for the issuer to say whether a key is new.
const PATIENCE: Duration = Duration::from_secs(2);
/// The first pause after a failure; each further one is twice as long.
const RETRY: Duration = Duration::from_millis(500);
/// The longest pause after a failure.
const MAX_RETRY: Duration = Duration::from_secs(30);
/// Spreads the requests of many replicas.
const JITTER: f64 = 0.2;
/// Longer names of keys are not asked for.
const MAX_KID: usize = 256;

/// The issuer's keys. Somebody has to run [`Jwks::keep_fresh`].
#[derive(Clone)]
pub struct Jwks(Arc<Inner>);

struct Inner {
    url: Url,
    refresh: Duration,
    algorithm: Option<Algorithm>,
    rules: Rules,
    /// `None` until the issuer has answered once.
    keys: ArcSwapOption<KeySet>,
    /// How often the issuer was asked, whatever came of it.
    attempts: watch::Sender<u64>,
    wanted: Notify,
    asked: Mutex<Option<Asked>>,
}

/// The last time that a request made us ask.
#[derive(Clone, Copy)]
struct Asked {
    at: Instant,
    attempt: u64,
}

/// What is known of the key that a token names.
pub(in crate::identity) enum Found {
    Key(Arc<Key>),
    Nothing(Refusal),
    /// It is not known here; the issuer may be asked.
    MayCome,
}

impl fmt::Debug for Jwks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jwks").finish_non_exhaustive()
    }
}

impl Jwks {
    pub(in crate::identity) fn new(
        url: Url,
        refresh: Duration,
        algorithm: Option<Algorithm>,
        rules: Rules,
    ) -> Self {
        Self(Arc::new(Inner {
            url,
            refresh: refresh.max(ASK_EVERY),
            algorithm,
            rules,
            keys: ArcSwapOption::empty(),
            attempts: watch::Sender::new(0),
            wanted: Notify::new(),
            asked: Mutex::new(None),
        }))
    }

    /// Fetches the keys, again and again, until no new work may begin. Ends before that only where TLS cannot be set up.
    pub async fn keep_fresh(self, shutdown: Shutdown) {
        let client = match client() {
            Ok(client) => client,
            Err(error) => return critical!(error = %error, "jwks_no_client"),
        };
        tokio::select! {
            () = self.0.fetch_forever(&client) => {}
            () = shutdown.stopping() => {}
        }
    }

    /// Resolves when the issuer was asked for the first time, or did not answer for two seconds.
    pub async fn first_attempt(&self) {
        let mut attempts = self.0.attempts.subscribe();
        let answered = attempts.wait_for(|attempts| *attempts > 0);
        // A service starts without its issuer, and is not ready.
        let _ = time::timeout(PATIENCE, answered).await;
    }

    /// Fails until there are keys; keys that were known once are used while the issuer is away.
    pub fn health_check(&self) -> impl HealthCheck + use<> {
        self.clone()
    }

    pub(in crate::identity) fn find(&self, header: &Header) -> Found {
        let Some(keys) = &*self.0.keys.load() else {
            return Found::Nothing(Refusal::KeysUnavailable);
        };
        match (keys.find(header), &header.kid) {
            (Some(key), _) => Found::Key(Arc::clone(key)),
            (None, Some(kid)) if is_kid(kid) && self.0.may_ask() => Found::MayCome,
            (None, _) => Found::Nothing(Refusal::UnknownKey),
        }
    }

    /// The key, once the issuer was asked for it.
    pub(in crate::identity) async fn asked(&self, header: &Header) -> Result<Arc<Key>, Refusal> {
        let mut attempts = self.0.attempts.subscribe();
        let asked_in = self.0.ask();
        let answered = attempts.wait_for(|attempts| asked_in.is_none_or(|asked| *attempts > asked));
        let _ = time::timeout(PATIENCE, answered).await;
        let keys = self.0.keys.load();
        let key = keys.as_ref().and_then(|keys| keys.find(header));
        key.cloned().ok_or(Refusal::UnknownKey)
    }
}

impl HealthCheck for Jwks {
    fn name(&self) -> &'static str {
        "identity"
    }

    fn check(&self) -> BoxFuture<'_, Result<(), CheckFailure>> {
        let is_known = self.0.keys.load().is_some();
        let outcome = is_known.then_some(()).ok_or(Refusal::KeysUnavailable);
        Box::pin(async move { outcome.map_err(|error| CheckFailure(error.into())) })
    }
}

impl Inner {
    async fn fetch_forever(&self, client: &Client) {
        let mut failures = 0;
        loop {
            let outcome = self.fetch_once(client).await;
            tell_change(outcome.as_ref().err(), failures);
            failures = if outcome.is_ok() { 0 } else { failures + 1 };
            self.attempts.send_modify(|attempts| *attempts += 1);
            let pause = if failures == 0 {
                self.refresh
            } else {
                retry(failures)
            };
            tokio::select! {
                () = time::sleep(pause.mul_f64(1.0 + JITTER * (fastrand::f64() - 0.5))) => {}
                () = self.wanted.notified() => {}
            }
        }
    }

    async fn fetch_once(&self, client: &Client) -> Result<(), FetchError> {
        let body = fetch(client, &self.url).await?;
        let keys = KeySet::read(&body, self.algorithm, &self.rules)?;
        self.keys.store(Some(Arc::new(keys)));
        Ok(())
    }

    fn may_ask(&self) -> bool {
        let asked = *self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.is_none_or(|asked| self.is_waited_for(asked) || asked.at.elapsed() >= ASK_EVERY)
    }

    fn is_waited_for(&self, asked: Asked) -> bool {
        asked.attempt == *self.attempts.borrow() && asked.at.elapsed() < PATIENCE
    }

    /// Asks, or joins those who have asked already; the number of attempts by then. `None` if it is too early to ask again.
    fn ask(&self) -> Option<u64> {
        let mut last = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(asked) = last.filter(|asked| self.is_waited_for(*asked)) {
            return Some(asked.attempt);
        }
        if last.is_some_and(|asked| asked.at.elapsed() < ASK_EVERY) {
            return None;
        }
        let attempt = *self.attempts.borrow();
        let at = Instant::now();
        *last = Some(Asked { at, attempt });
        self.wanted.notify_one();
        Some(attempt)
    }
}

fn is_kid(kid: &str) -> bool {
    !kid.is_empty() && kid.len() <= MAX_KID
}

fn retry(failures: u32) -> Duration {
    let doubled = 1_u32.checked_shl(failures - 1).unwrap_or(u32::MAX);
    RETRY.saturating_mul(doubled).min(MAX_RETRY)
}

/// Once for each change: that the issuer stays away is no news.
fn tell_change(error: Option<&FetchError>, failures_before: u32) {
    match error {
        Some(error) if failures_before == 0 => {
            let error: &(dyn std::error::Error + 'static) = error;
            tracing::warn!(message = event::JWKS_FAILED, error);
        }
        None if failures_before > 0 => tracing::info!(message = event::JWKS_RECOVERED),
        _ => {}
    }
}
