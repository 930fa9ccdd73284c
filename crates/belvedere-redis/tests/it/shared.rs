//! A cache that replicas share.

use std::time::Duration;

use belvedere_redis::{Cache, Redis};
use belvedere_testing::ThrowAwayRedis;
use futures_util::future::join_all;
use tokio::{sync::Notify, time};

use crate::helpers::{Source, capture_log, connect, counted, metrics};

const TTL: Duration = Duration::from_secs(60);

fn orders(redis: &Redis) -> Cache<u32> {
    Cache::shared(Some(redis), "orders", 100, TTL)
}

#[tokio::test]
async fn what_one_replica_loads_the_others_have_and_callers_share_a_load() {
    let metrics = metrics();
    let server = ThrowAwayRedis::start().unwrap();
    let (one, other) = (connect(&server.url()).await, connect(&server.url()).await);
    let (one, other, source) = (orders(&one), orders(&other), Source::default());
    let values = join_all((0..50).map(|_| one.get_or_load("7", source.load()))).await;
    assert!(values.iter().all(|value| *value == Ok(1)), "{values:?}");
    assert_eq!(other.get_or_load("7", source.load()).await, Ok(1));
    assert!(other.get_or_load("9", source.fail()).await.is_err());
    assert_eq!(
        ["hit", "miss", "error"].map(|result| counted(&metrics, result)),
        [Some(50.0), Some(1.0), Some(1.0)]
    );
    assert_eq!(server.ask("GET shop:orders:7").unwrap(), "1");
}

#[tokio::test]
async fn nothing_outlives_its_time_and_not_all_expires_at_once() {
    let server = ThrowAwayRedis::start().unwrap();
    let cache = orders(&connect(&server.url()).await);
    let source = Source::default();
    let keys: Vec<_> = (0..20).map(|key| key.to_string()).collect();
    join_all(keys.iter().map(|key| cache.get_or_load(key, source.load()))).await;
    let left = |key: &String| server.ask(&format!("PTTL shop:orders:{key}")).unwrap();
    let left: Vec<u64> = keys.iter().map(|key| left(key).parse().unwrap()).collect();
    assert!(
        left.iter().all(|ms| (48_000..=60_000).contains(ms)),
        "{left:?}"
    );
    let spread = left.iter().max().unwrap() - left.iter().min().unwrap();
    assert!(spread > 1_000, "{left:?}");
}

#[tokio::test]
async fn an_invalidated_value_is_loaded_again_by_every_replica() {
    let server = ThrowAwayRedis::start().unwrap();
    let (one, other) = (connect(&server.url()).await, connect(&server.url()).await);
    let (one, other, source) = (orders(&one), orders(&other), Source::default());
    assert_eq!(one.get_or_load("7", source.load()).await, Ok(1));
    other.invalidate("7").await;
    assert_eq!(one.get_or_load("7", source.load()).await, Ok(2));
    assert_eq!(other.get_or_load("7", source.load()).await, Ok(3));
}

#[tokio::test]
async fn a_load_that_began_before_an_invalidation_elsewhere_leaves_nothing() {
    let server = ThrowAwayRedis::start().unwrap();
    let (one, other) = (connect(&server.url()).await, connect(&server.url()).await);
    let (one, other, source, written) = (
        orders(&one),
        orders(&other),
        Source::default(),
        Notify::new(),
    );
    let old = one.get_or_load("7", async {
        let old = source.load().await;
        written.notified().await;
        old
    });
    let write = async {
        time::sleep(Duration::from_millis(30)).await;
        other.invalidate("7").await;
        written.notify_one();
    };
    let (old, ()) = tokio::join!(old, write);
    assert_eq!(old, Ok(1));
    assert_eq!(other.get_or_load("7", source.load()).await, Ok(2));
}

#[tokio::test]
async fn what_another_version_wrote_is_replaced() {
    let server = ThrowAwayRedis::start().unwrap();
    let cache = orders(&connect(&server.url()).await);
    let source = Source::default();
    server.ask("SET shop:orders:7 {id:7}").unwrap();
    assert_eq!(cache.get_or_load("7", source.load()).await, Ok(1));
    assert_eq!(cache.get_or_load("7", source.load()).await, Ok(1));
    assert_eq!(server.ask("GET shop:orders:7").unwrap(), "1");
}

#[tokio::test]
async fn a_value_that_is_too_large_is_loaded_each_time() {
    let server = ThrowAwayRedis::start().unwrap();
    let redis = connect(&server.url()).await;
    let cache: Cache<String> = Cache::shared(Some(&redis), "orders", 100, TTL);
    let large = || async { Ok::<_, ()>("x".repeat(1024 * 1024)) };
    cache.get_or_load("7", large()).await.unwrap();
    assert_eq!(server.ask("EXISTS shop:orders:7").unwrap(), "0");
    let fits = || async { Ok::<_, ()>("x".repeat(1024 * 1024 - 2)) };
    cache.get_or_load("8", fits()).await.unwrap();
    assert_eq!(server.ask("EXISTS shop:orders:8").unwrap(), "1");
}

#[tokio::test]
async fn an_invalidation_that_is_lost_is_told() {
    let log = capture_log();
    let mut server = ThrowAwayRedis::start().unwrap();
    let cache = orders(&connect(&server.url()).await);
    server.kill();
    cache.invalidate("7").await;
    assert_eq!(log.lines("cache_invalidation_lost").len(), 1);
}
