//! Redis that is slow, gone, or back: nobody waits for long, and nobody is told an error by a cache.

use std::time::{Duration, Instant};

use belvedere_redis::{Cache, Redis};
use belvedere_testing::{TcpProxy, ThrowAwayRedis};
use futures_util::future::join_all;
use redis::{AsyncCommands, RedisResult};

use crate::helpers::{Source, capture_log, connect, counted, metrics, until};

const TTL: Duration = Duration::from_secs(60);
/// Five times the limit of a command: how long a caller may be held up.
const HELD_UP: Duration = Duration::from_millis(5 * 250);
/// Five times the time within which a Redis that is back is used again.
const BACK: Duration = Duration::from_secs(5 * 2);

fn orders(redis: &Redis) -> Cache<u32> {
    Cache::shared(Some(redis), "orders", 100, TTL)
}

/// Whether a value that was just read is there.
async fn is_hit(cache: &Cache<u32>, key: &str) -> bool {
    let source = Source::default();
    cache.get_or_load(key, source.load()).await.unwrap();
    let before = source.calls();
    cache.get_or_load(key, source.load()).await.unwrap();
    source.calls() == before
}

#[tokio::test]
async fn a_killed_redis_is_a_cache_miss_and_hits_come_back_with_it() {
    let (metrics, log) = (metrics(), capture_log());
    let mut server = ThrowAwayRedis::start().unwrap();
    let redis = connect(&server.url()).await;
    let cache = orders(&redis);
    assert!(is_hit(&cache, "7").await);
    server.kill();
    for _ in 0..20 {
        let began = Instant::now();
        assert!(!is_hit(&cache, "7").await);
        assert!(began.elapsed() < 2 * HELD_UP, "{:?}", began.elapsed());
    }
    assert_eq!(counted(&metrics, "error"), Some(40.0));
    assert_eq!(log.lines("redis_connection_failed").len(), 1);
    server.start_again().unwrap();
    let back = until("hits", || is_hit(&cache, "7")).await;
    assert!(back < BACK, "{back:?}");
    assert_eq!(log.lines("redis_connection_ok").len(), 2);
}

#[tokio::test]
async fn a_restart_between_two_commands_is_not_noticed() {
    let mut server = ThrowAwayRedis::start().unwrap();
    let redis = connect(&server.url()).await;
    for _ in 0..3 {
        server.kill();
        server.start_again().unwrap();
        let read: RedisResult<Option<String>> = redis.clone().get("colour").await;
        assert_eq!(read, Ok(None), "a read is sent again on the new connection");
    }
}

#[tokio::test]
async fn a_write_that_may_have_been_done_is_not_sent_again() {
    let mut server = ThrowAwayRedis::start().unwrap();
    let redis = connect(&server.url()).await;
    server.kill();
    server.start_again().unwrap();
    let written: RedisResult<u32> = redis.clone().incr("count", 1).await;
    assert!(written.is_err());
    assert_eq!(server.ask("GET count").unwrap(), "$-1");
}

#[tokio::test]
async fn a_redis_that_hangs_holds_nobody_up_and_is_left_alone() {
    let metrics = metrics();
    let server = ThrowAwayRedis::start().unwrap();
    let redis = connect(&server.url()).await;
    let cache = orders(&redis);
    assert!(is_hit(&cache, "7").await);
    server.pause(Duration::from_secs(3)).unwrap();
    let began = Instant::now();
    let source = Source::default();
    let keys: Vec<_> = (0..50).map(|key| key.to_string()).collect();
    let loads = keys.iter().map(|key| cache.get_or_load(key, source.load()));
    let values = join_all(loads).await;
    assert!(values.iter().all(Result::is_ok));
    assert!(began.elapsed() < HELD_UP, "{:?}", began.elapsed());
    assert_eq!(counted(&metrics, "error"), Some(50.0));
    let began = Instant::now();
    for key in &keys[..10] {
        cache.get_or_load(key, source.load()).await.unwrap();
    }
    // Ten loads of 20 ms: all but one or two did not wait for Redis at all.
    assert!(began.elapsed() < 2 * HELD_UP, "{:?}", began.elapsed());
    let back = until("hits", || is_hit(&cache, "7")).await;
    assert!(back < Duration::from_secs(3) + BACK, "{back:?}");
}

#[tokio::test]
async fn a_network_that_swallows_everything_is_a_cache_miss_until_it_flows_again() {
    let server = ThrowAwayRedis::start().unwrap();
    let proxy = TcpProxy::before(&server.url()).unwrap();
    let redis = connect(proxy.url()).await;
    let cache = orders(&redis);
    assert!(is_hit(&cache, "7").await);
    proxy.stall();
    for _ in 0..5 {
        assert!(!is_hit(&cache, "7").await);
    }
    proxy.resume();
    let back = until("hits", || is_hit(&cache, "7")).await;
    assert!(back < BACK, "{back:?}");
}
