//! Forty secrets go in by every way there is, at the most talkative level, and none may come out of any signal.

mod planted;
mod watched;

use belvedere_testing::SentrySink;

use planted::{Planted, drive};
use watched::Watched;

#[tokio::test]
async fn none_of_forty_secrets_is_in_any_signal() {
    let sentry = SentrySink::start().unwrap();
    let planted = Planted::new();
    assert_eq!(planted.count(), 40);
    let watched = Watched::start(&planted, &sentry);
    let answers = drive(&watched.service, &planted).await;
    let seen = watched.everything(&sentry, answers).await;
    for proof in ["by_value", "no way with", "unhandled_exception"] {
        assert!(seen.of("stdout").contains(proof), "{proof} was not logged");
        assert!(
            seen.of("sentry").contains(proof) || proof == "unhandled_exception",
            "{proof}"
        );
    }
    assert!(
        seen.of("spans").contains("INSERT"),
        "no statement was traced"
    );
    let leaks = planted.found_in(&seen);
    assert!(leaks.is_empty(), "{}", leaks.join("\n"));
}
