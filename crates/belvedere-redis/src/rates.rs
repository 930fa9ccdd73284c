use std::{fmt, net::IpAddr, num::NonZeroU32, sync::Arc, time::Duration};

use belvedere_core::{Identity, Quota, RateKey, RateStore, Rated, Taken};
use redis::{RedisResult, Script};

use crate::Redis;

/// The generic cell rate algorithm (ITU-T I.371) by the server's own clock, in microseconds. Keeps one number per key: when its
/// quota is full again. Numbers are written out in full: Lua would round them.
const SCRIPT: &str = r"
local unit, burst, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local full = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now)
local next = full + unit * cost
local wait = next - unit * burst - now
if wait > 0 then
  return {0, math.floor(burst - (full - now) / unit), math.ceil(wait)}
end
redis.call('SET', KEYS[1], string.format('%.0f', next), 'PX', math.ceil((next - now) / 1000))
return {1, math.floor(burst - (next - now) / unit), math.ceil(next - now)}
";

/// Quotas that all replicas share: one round trip for each request. While Redis does not answer, each replica goes by what it has
/// counted itself since.
#[derive(Clone)]
pub struct RedisRates(Arc<Inner>);

struct Inner {
    redis: Redis,
    prefix: String,
    script: Script,
    alone: Arc<dyn RateStore>,
}

/// A key that outlives the request it came with.
enum Key {
    Address(IpAddr),
    Principal(Identity),
}

impl RedisRates {
    /// `limit` names it among others in one Redis. The quota is that of `alone`, who is asked while Redis does not answer.
    pub fn new(redis: &Redis, limit: &str, alone: Arc<dyn RateStore>) -> Self {
        Self(Arc::new(Inner {
            prefix: format!("{}rate:{limit}:", redis.prefix()),
            redis: redis.clone(),
            script: Script::new(SCRIPT),
            alone,
        }))
    }

    async fn rated(self, key: Key, cost: NonZeroU32) -> Rated {
        if let Ok(rated) = self.ask(&key, cost).await {
            return rated;
        }
        match self.0.alone.take(key.as_key(), cost) {
            Taken::Now(rated) => rated,
            Taken::Later(rated) => rated.await,
        }
    }

    async fn ask(&self, key: &Key, cost: NonZeroU32) -> RedisResult<Rated> {
        let quota = self.quota();
        let unit = 1e6 / f64::from(quota.per_second.get());
        let mut call = self.0.script.key(key.below(&self.0.prefix));
        call.arg(unit).arg(quota.burst.get()).arg(cost.get());
        let (allowed, remaining, micros): (u8, u32, u64) =
            call.invoke_async(&mut self.0.redis.clone()).await?;
        Ok(Rated {
            is_allowed: allowed == 1,
            remaining,
            reset: Duration::from_micros(micros),
        })
    }
}

impl RateStore for RedisRates {
    fn quota(&self) -> Quota {
        self.0.alone.quota()
    }

    fn take(&self, key: RateKey<'_>, cost: NonZeroU32) -> Taken {
        Taken::Later(Box::pin(self.clone().rated(Key::from(key), cost)))
    }
}

impl From<RateKey<'_>> for Key {
    fn from(key: RateKey<'_>) -> Self {
        match key {
            RateKey::Address(address) => Self::Address(address),
            RateKey::Principal(identity) => Self::Principal(identity.clone()),
        }
    }
}

impl Key {
    const fn as_key(&self) -> RateKey<'_> {
        match self {
            Self::Address(address) => RateKey::Address(*address),
            Self::Principal(identity) => RateKey::Principal(identity),
        }
    }

    /// Ids hold no slash.
    fn below(&self, prefix: &str) -> String {
        match self {
            Self::Address(address) => format!("{prefix}{address}"),
            Self::Principal(Identity { tenant_id, user_id }) => {
                let user_id = user_id.as_deref().unwrap_or_default();
                format!("{prefix}{tenant_id}/{user_id}")
            }
        }
    }
}

impl fmt::Debug for RedisRates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisRates")
            .field("quota", &self.quota())
            .finish_non_exhaustive()
    }
}
