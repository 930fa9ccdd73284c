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

use crate::{
    Redis,
    counters::Counters,
    expiry::Jittered,
    remote::{Found, Remote},
};

/// Values by key, for a while: in Redis, or in this process. Cheap to clone; clones share their entries.
pub struct Cache<V>(Arc<Inner<V>>);

struct Inner<V> {
    name: &'static str,
    /// What is cached here; where there is Redis, only what is being loaded.
    entries: moka::future::Cache<String, V>,
    remote: Option<Remote>,
    /// Counts invalidations, so that a load can tell whether one came in between.
    invalidations: AtomicU64,
    counters: Counters,
}

/// Where a value came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    /// Somebody had loaded it before.
    Cache,
    Load,
    /// A load, because Redis did not answer.
    InPlaceOfRedis,
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
        Self::new(name, capacity, ttl, None)
    }

    /// Shared by all replicas in `redis`, each entry for `ttl` or up to a tenth less. Redis that does not answer is a cache that
    /// is empty: values are loaded, and no call fails. Without one, the same as [`Cache::in_process`].
    ///
    /// Values are stored as JSON, up to 1 MiB each, under `{service}:{name}:{key}`.
    pub fn shared(redis: Option<&Redis>, name: &'static str, capacity: u64, ttl: Duration) -> Self {
        match redis {
            // Callers that come during a load share it; nothing is kept for those after.
            Some(redis) => {
                let remote = Remote::new(redis, name, ttl);
                Self::new(name, capacity, Duration::ZERO, Some(remote))
            }
            None => Self::in_process(name, capacity, ttl),
        }
    }

    fn new(name: &'static str, capacity: u64, ttl: Duration, remote: Option<Remote>) -> Self {
        let entries = moka::future::Cache::builder()
            .max_capacity(capacity)
            .expire_after(Jittered { ttl })
            .build();
        Self(Arc::new(Inner {
            name,
            entries,
            remote,
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
        if self.0.remote.is_none()
            && let Some(value) = self.0.entries.get(key).await
        {
            self.0.counters.hit.increment(1);
            return Ok(value);
        }
        self.load(key, load).await
    }

    /// Forgets the value under `key`, and one that is being loaded now: it may be older than what made you call this.
    ///
    /// In Redis nothing is stored under the key for the next 5 s, so that no replica brings an old value back. Where Redis does
    /// not answer, `cache_invalidation_lost` is logged, and the old value may be read until its time is over.
    pub async fn invalidate(&self, key: &str) {
        self.0.invalidations.fetch_add(1, Ordering::AcqRel);
        self.0.entries.invalidate(key).await;
        if let Some(remote) = &self.0.remote {
            remote.forget(key).await;
        }
    }

    async fn load<E>(&self, key: &str, load: impl Future<Output = Result<V, E>>) -> Result<V, E> {
        let mut load = pin!(load);
        let mut own = None;
        let before = self.0.invalidations.load(Ordering::Acquire);
        let flight = self.0.entries.try_get_with_by_ref(key, async {
            let (outcome, source) = self.fetch(key, load.as_mut()).await;
            let shared = outcome.as_ref().map(V::clone).map_err(|_| Failed);
            own = Some((outcome, source));
            shared
        });
        let shared = flight.await;
        match (own, shared) {
            (Some((outcome, source)), _) => {
                self.forget_if_stale(key, before).await;
                self.count(source, outcome)
            }
            (None, Ok(value)) => self.count(Source::Cache, Ok(value)),
            (None, Err(_)) => self.count(Source::Load, load.await),
        }
    }

    /// Out of Redis, where there is one, or by a load whose value goes there.
    async fn fetch<E>(
        &self,
        key: &str,
        load: impl Future<Output = Result<V, E>>,
    ) -> (Result<V, E>, Source) {
        let Some(remote) = &self.0.remote else {
            return (load.await, Source::Load);
        };
        let over = match remote.get(key).await {
            Found::Value(value) => return (Ok(value), Source::Cache),
            Found::Unreachable => return (load.await, Source::InPlaceOfRedis),
            Found::Nothing => false,
            Found::Unreadable => true,
        };
        let outcome = load.await;
        if let Ok(value) = &outcome {
            remote.put(key, value, over).await;
        }
        (outcome, Source::Load)
    }

    /// An invalidation of any key makes it suspect: the price is one more load, and no list of keys is kept.
    async fn forget_if_stale(&self, key: &str, before: u64) {
        if self.0.invalidations.load(Ordering::Acquire) != before {
            self.0.entries.invalidate(key).await;
        }
    }

    fn count<E>(&self, source: Source, outcome: Result<V, E>) -> Result<V, E> {
        let counters = &self.0.counters;
        let counter = match (source, &outcome) {
            (Source::Cache, _) => &counters.hit,
            (Source::Load, Ok(_)) => &counters.miss,
            (Source::Load, Err(_)) | (Source::InPlaceOfRedis, _) => &counters.error,
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
