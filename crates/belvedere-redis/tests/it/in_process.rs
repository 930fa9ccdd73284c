//! The cache in the process: single flight, errors, invalidation, metrics.

use std::time::Duration;

use belvedere_redis::Cache;
use futures_util::future::join_all;
use tokio::{sync::Notify, time};

use crate::helpers::{Source, counted, metrics};

const TTL: Duration = Duration::from_secs(60);

fn cache() -> Cache<u32> {
    Cache::in_process("orders", 100, TTL)
}

#[tokio::test]
async fn callers_at_the_same_time_share_one_load_and_are_counted() {
    let metrics = metrics();
    let (cache, source) = (cache(), Source::default());
    let values = join_all((0..50).map(|_| cache.get_or_load("7", source.load()))).await;
    assert!(values.iter().all(|value| *value == Ok(1)), "{values:?}");
    assert_eq!(cache.get_or_load("7", source.load()).await, Ok(1));
    assert_eq!(cache.get_or_load("8", source.load()).await, Ok(2));
    assert!(cache.get_or_load("9", source.fail()).await.is_err());
    assert_eq!(
        ["hit", "miss", "error"].map(|result| counted(&metrics, result)),
        [Some(50.0), Some(2.0), Some(1.0)]
    );
}

#[tokio::test]
async fn an_error_is_not_cached_and_each_caller_gets_its_own() {
    let (cache, source) = (cache(), Source::default());
    let errors = join_all((0..3).map(|_| cache.get_or_load("7", source.fail()))).await;
    let mut errors: Vec<_> = errors.into_iter().map(Result::unwrap_err).collect();
    errors.sort();
    assert_eq!(errors, ["call 1", "call 2", "call 3"]);
    assert_eq!(cache.get_or_load("7", source.load()).await, Ok(4));
}

#[tokio::test]
async fn when_the_loading_caller_goes_another_one_loads() {
    let (cache, source) = (cache(), Source::default());
    let first = time::timeout(
        Duration::from_millis(5),
        cache.get_or_load("7", source.load()),
    );
    let (first, second) = tokio::join!(first, cache.get_or_load("7", source.load()));
    assert!(first.is_err());
    assert_eq!(second, Ok(2));
}

#[tokio::test]
async fn an_invalidated_value_is_loaded_again() {
    let (cache, source) = (cache(), Source::default());
    assert_eq!(cache.get_or_load("7", source.load()).await, Ok(1));
    cache.invalidate("7").await;
    assert_eq!(cache.get_or_load("7", source.load()).await, Ok(2));
    assert_eq!(source.calls(), 2);
}

#[tokio::test]
async fn a_value_that_was_being_loaded_does_not_outlive_an_invalidation() {
    let (cache, source, written) = (cache(), Source::default(), Notify::new());
    let old = cache.get_or_load("7", async {
        let old = source.load().await;
        written.notified().await;
        old
    });
    let write = async {
        time::sleep(Duration::from_millis(30)).await;
        cache.invalidate("7").await;
        written.notify_one();
    };
    let (old, ()) = tokio::join!(old, write);
    assert_eq!(old, Ok(1));
    assert_eq!(cache.get_or_load("7", source.load()).await, Ok(2));
}

#[tokio::test]
async fn a_value_expires() {
    let source = Source::default();
    let cache = Cache::in_process("orders", 100, Duration::from_millis(50));
    assert_eq!(cache.get_or_load("7", source.load()).await, Ok(1));
    time::sleep(Duration::from_millis(60)).await;
    assert_eq!(cache.get_or_load("7", source.load()).await, Ok(2));
}
