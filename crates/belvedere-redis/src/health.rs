use belvedere_core::{BoxFuture, CheckFailure, HealthCheck};

use crate::Redis;

/// Asks for a PONG.
#[derive(Debug)]
pub(crate) struct RedisCheck {
    pub(crate) redis: Redis,
    pub(crate) is_critical: bool,
}

impl HealthCheck for RedisCheck {
    fn name(&self) -> &'static str {
        "redis"
    }

    fn is_critical(&self) -> bool {
        self.is_critical
    }

    fn check(&self) -> BoxFuture<'_, Result<(), CheckFailure>> {
        Box::pin(async {
            let pong = self.redis.ping().await;
            pong.map_err(|error| CheckFailure(error.into()))
        })
    }
}
