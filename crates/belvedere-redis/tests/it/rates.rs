//! Quotas that replicas share.

use std::{
    net::IpAddr,
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use belvedere_core::{Identity, Quota, RateKey, RateStore, Rated, Taken};
use belvedere_redis::RedisRates;
use belvedere_testing::ThrowAwayRedis;
use futures_util::future::join_all;
use tokio::time;

use crate::helpers::connect;

const ONE: NonZeroU32 = NonZeroU32::MIN;
const ADA: RateKey<'_> = RateKey::Address(IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1)));

/// Allows everything, and counts how often it was asked.
#[derive(Debug)]
struct Alone {
    quota: Quota,
    asked: AtomicU32,
}

fn alone(per_second: u32, burst: u32) -> Arc<Alone> {
    Arc::new(Alone {
        quota: Quota {
            per_second: NonZeroU32::new(per_second).unwrap(),
            burst: NonZeroU32::new(burst).unwrap(),
        },
        asked: AtomicU32::new(0),
    })
}

impl RateStore for Alone {
    fn quota(&self) -> Quota {
        self.quota
    }

    fn take(&self, _: RateKey<'_>, _: NonZeroU32) -> Taken {
        let asked = self.asked.fetch_add(1, Ordering::SeqCst);
        Taken::Now(Rated {
            is_allowed: true,
            remaining: asked,
            reset: Duration::ZERO,
        })
    }
}

async fn take(store: &RedisRates, key: RateKey<'_>) -> Rated {
    match store.take(key, ONE) {
        Taken::Now(rated) => rated,
        Taken::Later(rated) => rated.await,
    }
}

#[tokio::test]
async fn replicas_count_the_same_callers_and_let_no_more_through() {
    let server = ThrowAwayRedis::start().unwrap();
    let mut replicas = Vec::new();
    for _ in 0..2 {
        let redis = connect(&server.url()).await;
        replicas.push(RedisRates::new(&redis, "ip", alone(1, 20)));
    }
    let takes = (0..60).map(|turn| take(&replicas[turn % 2], ADA));
    let rated = join_all(takes).await;
    let allowed = rated.iter().filter(|rated| rated.is_allowed).count();
    // One more for each second that it takes.
    assert!((20..25).contains(&allowed), "{allowed}");
    let refused = rated.iter().find(|rated| !rated.is_allowed).unwrap();
    assert_eq!(refused.remaining, 0);
    assert!(refused.reset > Duration::ZERO && refused.reset <= Duration::from_secs(1));
    let ada = Identity {
        tenant_id: "acme".into(),
        user_id: Some("ada".into()),
    };
    let other = take(&replicas[0], RateKey::Principal(&ada)).await;
    assert_eq!((other.is_allowed, other.remaining), (true, 19));
}

#[tokio::test]
async fn a_quota_fills_up_again_at_its_rate_and_is_forgotten_when_it_is_full() {
    let server = ThrowAwayRedis::start().unwrap();
    let redis = connect(&server.url()).await;
    let rates = RedisRates::new(&redis, "ip", alone(20, 2));
    let first = take(&rates, ADA).await;
    assert_eq!((first.is_allowed, first.remaining), (true, 1));
    assert!(first.reset <= Duration::from_millis(50), "{first:?}");
    assert!(take(&rates, ADA).await.is_allowed);
    let refused = take(&rates, ADA).await;
    assert!(!refused.is_allowed);
    time::sleep(refused.reset).await;
    assert!(take(&rates, ADA).await.is_allowed);
    time::sleep(Duration::from_millis(500)).await;
    assert_eq!(server.ask("DBSIZE").unwrap(), "0");
}

#[tokio::test]
async fn without_redis_each_replica_counts_for_itself() {
    let mut server = ThrowAwayRedis::start().unwrap();
    let redis = connect(&server.url()).await;
    let alone = alone(1, 1);
    let rates = RedisRates::new(&redis, "ip", alone.clone());
    assert!(take(&rates, ADA).await.is_allowed);
    assert_eq!(alone.asked.load(Ordering::SeqCst), 0);
    server.kill();
    assert!(take(&rates, ADA).await.is_allowed);
    assert_eq!(alone.asked.load(Ordering::SeqCst), 1);
}
