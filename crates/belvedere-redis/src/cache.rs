use std::{
    fmt,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use serde::{Serialize, de::DeserializeOwned};

use crate::{counters::Counters, expiry::Jittered};

/// Values by key, for a while. Cheap to clone; clones share their entries.
pub struct Cache<V>(Arc<Inner<V>>);

struct Inner<V> {
    name: &'static str,
    entries: moka::future::Cache<String, V>,
    /// Counts invalidations, so that a load can tell whether one came in between.
    invalidations: AtomicU64,
    counters: Counters,
}

/// Stands in for an error that went to its caller alone: moka would share it among all that wait.
#[derive(Debug, thiserror::Error)]
#[error("the load failed")]
struct Failed;

impl<V> Cache<V>
where
    V: Clone + Send + Sync + 'static + Serialize + DeserializeOwned,
{
    /// Keeps at most `capacity` entries in this process, each for `ttl` or up to a tenth less.
    /// `name` is the label `cache` of the metrics.
    pub fn in_process(name: &'static str, capacity: u64, ttl: Duration) -> Self {
        let entries = moka::future::Cache::builder()
            .max_capacity(capacity)
            .expire_after(Jittered { ttl })
            .build();
        Self(Arc::new(Inner {
            name,
            entries,
            invalidations: AtomicU64::new(0),
            counters: Counters::new(name),
        }))
    }

    /// The value under `key`, loaded if it is not there. Callers that come while it is being loaded wait for that load;
    /// when it fails, each of them runs its own. When the loading caller goes away, the next one takes over.
    ///
    /// # Errors
    ///
    /// What `load` returns; it is not cached.
    pub async fn get_or_load<E>(
        &self,
        key: &str,
        load: impl Future<Output = Result<V, E>>,
    ) -> Result<V, E> {
        if let Some(value) = self.0.entries.get(key).await {
            self.0.counters.hit.increment(1);
            return Ok(value);
        }
        self.load(key, load).await
    }

    /// Forgets the value under `key`, and one that is being loaded now: it may be older than what made you call this.
    pub async fn invalidate(&self, key: &str) {
        self.0.invalidations.fetch_add(1, Ordering::AcqRel);
        self.0.entries.invalidate(key).await;
    }

    async fn load<E>(&self, key: &str, load: impl Future<Output = Result<V, E>>) -> Result<V, E> {
        let mut load = pin!(load);
        let mut own = None;
        let before = self.0.invalidations.load(Ordering::Acquire);
        let flight = self.0.entries.try_get_with_by_ref(key, async {
            let outcome = load.as_mut().await;
            let shared = outcome.as_ref().map(V::clone).map_err(|_| Failed);
            own = Some(outcome);
            shared
        });
        let shared = flight.await;
        match (own, shared) {
            (Some(outcome), _) => {
                self.forget_if_stale(key, before).await;
                self.count_load(outcome)
            }
            (None, Ok(value)) => {
                self.0.counters.hit.increment(1);
                Ok(value)
            }
            (None, Err(_)) => self.count_load(load.await),
        }
    }

    /// An invalidation of any key makes it suspect: the price is one more load, and no list of keys is kept.
    async fn forget_if_stale(&self, key: &str, before: u64) {
        if self.0.invalidations.load(Ordering::Acquire) != before {
            self.0.entries.invalidate(key).await;
        }
    }

    fn count_load<E>(&self, outcome: Result<V, E>) -> Result<V, E> {
        let counters = &self.0.counters;
        let counter = if outcome.is_ok() {
            &counters.miss
        } else {
            &counters.error
        };
        counter.increment(1);
        outcome
    }
}

impl<V> Clone for Cache<V> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<V> fmt::Debug for Cache<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache")
            .field("name", &self.0.name)
            .finish_non_exhaustive()
    }
}
