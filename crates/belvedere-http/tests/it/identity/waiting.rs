//! A question to an issuer that hangs.

use std::time::{Duration, Instant};

use belvedere_http::AuthConfig;
use belvedere_testing::{TcpProxy, TokenIssuer, TokenKey};

use super::{
    Served, claims,
    served::{callers, tokens},
};

/// Five times as long as a request waits.
const LONG: Duration = Duration::from_secs(10);

#[tokio::test]
async fn an_issuer_that_hangs_keeps_nobody_waiting_for_long_and_those_with_known_keys_not_at_all() {
    let issuer = TokenIssuer::start().unwrap();
    let proxy = TcpProxy::before(&issuer.jwks_url()).unwrap();
    let config = AuthConfig {
        jwt_jwks_url: Some(proxy.url().into()),
        ..tokens()
    };
    let served = Served::with(callers(&config)).await;
    let known = issuer.token("acme", "ada");
    let unknown = TokenKey::eddsa().named("new").sign(&claims());
    proxy.stall();
    let began = Instant::now();
    let (waited, at_once) = tokio::join!(served.bearer(&unknown), async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let line = format!("authorization: Bearer {known}\r\n");
        let answer = served.service.ask("GET", "/who", &line, "").await;
        (answer.status, began.elapsed())
    });
    assert_eq!(
        (waited.answer.status, &*waited.reason),
        (401, "unknown_key")
    );
    assert!(began.elapsed() < LONG, "{:?}", began.elapsed());
    assert_eq!(at_once.0, 200);
    assert!(at_once.1 < began.elapsed(), "it waited behind the other");
}
