//! Secrets go in by every way there is, at the most talkative level, and none may come out of any signal.

mod cached;
mod planted;
mod rough;
mod stored;
mod watched;

use belvedere_testing::{SentrySink, ThrowAwayPostgres, ThrowAwayRedis};

use planted::Planted;
use watched::{Seen, Subject, Watched};

/// Something is in every place that is searched, or a search would prove nothing.
fn assert_told(seen: &Seen, proofs: &[(&str, &str)]) {
    for (place, proof) in proofs {
        assert!(seen.of(place).contains(proof), "{proof} is not in {place}");
    }
}

fn assert_hidden(planted: &Planted, seen: &Seen) {
    assert!(planted.count() >= 40);
    let leaks = planted.found_in(seen);
    assert!(leaks.is_empty(), "{}", leaks.join("\n"));
}

#[tokio::test]
async fn no_secret_is_in_any_signal_of_a_service_with_a_database() {
    let sentry = SentrySink::start().unwrap();
    let planted = Planted::new();
    let subject = Subject {
        example: "stored",
        fails: "/panics",
    };
    let postgres = ThrowAwayPostgres::start().unwrap();
    let watched = Watched::start(subject, Some(postgres), &planted, &sentry, None);
    let answers = stored::drive(&watched.service, &planted).await;
    let seen = watched.everything(&sentry, answers).await;
    assert_told(
        &seen,
        &[
            ("stdout", "by_value"),
            ("stdout", "no way with"),
            ("stdout", "unhandled_exception"),
            ("sentry", "by_value"),
            ("sentry", "no way with"),
            ("spans", "INSERT"),
            ("exported lines", "by_value"),
            ("exported metrics", "http_requests_total"),
            ("what was exported", "by_value"),
            ("what was exported", "Histogram"),
        ],
    );
    assert_hidden(&planted, &seen);
}

#[tokio::test]
async fn no_secret_is_in_any_signal_of_a_service_that_breaks() {
    let sentry = SentrySink::start().unwrap();
    let planted = Planted::new();
    let subject = Subject {
        example: "rough",
        fails: "/panic",
    };
    let watched = Watched::start(subject, None, &planted, &sentry, None);
    let answers = rough::drive(&watched.service, &planted).await;
    let seen = watched.everything(&sentry, answers).await;
    assert_told(
        &seen,
        &[
            ("stdout", "something_is_wrong"),
            ("stdout", "\"outcome\":\"timeout\""),
            ("stdout", "\"outcome\":\"client_abort\""),
            ("stdout", "\"status_code\":405"),
            ("sentry", "it_failed"),
            ("spans", "GET /broken-body"),
            ("exported lines", "about_to_fail"),
            ("exported metrics", "panics_total"),
        ],
    );
    assert_hidden(&planted, &seen);
    // What the example itself logs as nobody should.
    assert_eq!(seen.places_of("hunter2").next(), None);
}

#[tokio::test]
async fn no_secret_is_in_any_signal_of_a_service_with_a_cache() {
    let sentry = SentrySink::start().unwrap();
    let planted = Planted::new();
    let subject = Subject {
        example: "cached",
        fails: "/unknown",
    };
    let redis = ThrowAwayRedis::with_password(&planted.secret("REDIS_URL")).unwrap();
    let watched = Watched::start(subject, None, &planted, &sentry, Some(&redis));
    let answers = cached::drive(&watched.service, &planted).await;
    assert_eq!(redis.ask("DBSIZE").unwrap(), "2");
    let seen = watched.everything(&sentry, answers).await;
    assert_told(
        &seen,
        &[
            ("stdout", "redis_connection_ok"),
            ("stdout", "unhandled_exception"),
            ("stdout", "not an integer"),
            ("stdout", "unknown command"),
            ("spans", "\"INCRBY\""),
            ("spans", "\"SET\""),
            ("/metrics", "cache=\"notes\""),
            ("exported lines", "unknown command"),
        ],
    );
    assert_hidden(&planted, &seen);
}
