use std::time::Duration;

use redis::{ExistenceCheck, RedisResult, SetExpiry, SetOptions, cmd};
use serde::{Serialize, de::DeserializeOwned};

use crate::{Redis, expiry};

/// Longest value that is stored: what is larger is loaded each time.
const MAX_BYTES: usize = 1024 * 1024;
/// How long nothing is stored under a key that was invalidated. A load that began before has ended by then; while it lasts the key
/// is loaded each time.
const TOMBSTONE: Duration = Duration::from_secs(5);

/// The shared half of a cache: values as JSON under `{service}:{cache}:{key}`.
#[derive(Debug)]
pub(crate) struct Remote {
    redis: Redis,
    prefix: String,
    ttl: Duration,
}

/// What is under a key.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found<V> {
    Value(V),
    /// Nothing, or the mark of an invalidation.
    Nothing,
    /// What another version of the service has written.
    Unreadable,
    /// Redis did not say.
    Unreachable,
}

impl Remote {
    pub(crate) fn new(redis: &Redis, cache: &str, ttl: Duration) -> Self {
        Self {
            prefix: format!("{}{cache}:", redis.prefix()),
            redis: redis.clone(),
            ttl,
        }
    }

    pub(crate) async fn get<V: DeserializeOwned>(&self, key: &str) -> Found<V> {
        let get = cmd("GET").arg(self.key(key)).take();
        let answer: RedisResult<Option<Vec<u8>>> = get.query_async(&mut self.redis.clone()).await;
        match answer {
            Err(_) => Found::Unreachable,
            Ok(None) => Found::Nothing,
            Ok(Some(bytes)) if bytes.is_empty() => Found::Nothing,
            Ok(Some(bytes)) => {
                serde_json::from_slice(&bytes).map_or(Found::Unreadable, Found::Value)
            }
        }
    }

    /// Stores `value`, unless something is there: it is younger, or the mark of an invalidation. `over` replaces it.
    pub(crate) async fn put<V: Serialize>(&self, key: &str, value: &V, over: bool) {
        let Ok(bytes) = serde_json::to_vec(value) else {
            return;
        };
        if bytes.len() > MAX_BYTES || self.redis.is_left_alone() {
            return;
        }
        let mut options = SetOptions::default().with_expiration(px(expiry::draw(self.ttl)));
        if !over {
            options = options.conditional_set(ExistenceCheck::NX);
        }
        // A cache that cannot be written is counted by the command, and read again next time.
        let _ = self.set(key, bytes, options).await;
    }

    pub(crate) async fn forget(&self, key: &str) {
        let options = SetOptions::default().with_expiration(px(TOMBSTONE));
        if self.set(key, Vec::new(), options).await.is_err() {
            tracing::warn!(ttl_seconds = self.ttl.as_secs(), "cache_invalidation_lost");
        }
    }

    async fn set(&self, key: &str, bytes: Vec<u8>, options: SetOptions) -> RedisResult<()> {
        let set = cmd("SET").arg(self.key(key)).arg(bytes).arg(options).take();
        set.query_async(&mut self.redis.clone()).await
    }

    fn key(&self, key: &str) -> String {
        [&self.prefix, key].concat()
    }
}

fn px(time: Duration) -> SetExpiry {
    SetExpiry::PX(u64::try_from(time.as_millis()).unwrap_or(u64::MAX).max(1))
}
