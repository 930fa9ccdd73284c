use std::time::{SystemTime, UNIX_EPOCH};

use axum::{Router, routing::get};
use belvedere_core::Shutdown;
use belvedere_http::{AuthConfig, Caller, Callers, RequireCaller};
use belvedere_testing::{TokenIssuer, TokenKey};
use serde_json::{Value, json};

use crate::harness::{Answer, Event, Service, Setup, until};

pub(super) const ISSUER: &str = "https://issuer.test";
pub(super) const AUDIENCE: &str = "service.test";

pub(super) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap().as_secs()
}

/// Claims that are right in every way.
pub(super) fn claims() -> Value {
    let exp = now() + 600;
    json!({"iss": ISSUER, "aud": AUDIENCE, "exp": exp, "tenant_id": "acme", "sub": "ada"})
}

/// One route that tells who asks.
pub(super) struct Served {
    pub(super) service: Service,
}

/// An answer, and why it was not a better one.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) answer: Answer,
    pub(super) reason: String,
}

impl Served {
    pub(super) async fn with(callers: Callers) -> Self {
        // Whoever came first has chosen the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let jwks = callers.jwks();
        let who = get(|Caller(identity): Caller| async move {
            let user = identity.user_id.unwrap_or_default();
            format!("{} {user}", identity.tenant_id)
        });
        let setup = Setup {
            routes: Router::new()
                .route("/who", who)
                .layer(RequireCaller::new(callers)),
            checks: jwks
                .iter()
                .map(|jwks| Box::new(jwks.health_check()) as _)
                .collect(),
            ..Setup::default()
        };
        if let Some(jwks) = jwks {
            belvedere_core::spawn(jwks.clone().keep_fresh(Shutdown::default()));
            jwks.first_attempt().await;
        }
        let service = setup.start().await;
        service.health.mark_started();
        Self { service }
    }

    /// Takes what `key` has signed.
    pub(super) async fn by_key(key: &TokenKey) -> Self {
        let config = AuthConfig {
            jwt_public_key: Some(key.public_pem()),
            jwt_algorithm: Some(key.algorithm().to_owned()),
            ..tokens()
        };
        Self::with(callers(&config)).await
    }

    /// Takes what has a signature by one of the issuer's keys.
    pub(super) async fn by_issuer(issuer: &TokenIssuer) -> Self {
        let config = AuthConfig {
            jwt_jwks_url: Some(issuer.jwks_url().into()),
            ..tokens()
        };
        Self::with(callers(&config)).await
    }

    /// `GET /who` with these header lines.
    pub(super) async fn say(&self, lines: &str) -> Asked {
        let refused = || self.service.logs.named("caller_refused");
        let before = refused().len();
        let answer = self.service.ask("GET", "/who", lines, "").await;
        let reason = |event: &Event| event.field("reason").to_owned();
        let after = refused();
        let reason = after.get(before).map(reason).unwrap_or_default();
        Asked { answer, reason }
    }

    pub(super) async fn bearer(&self, token: &str) -> Asked {
        self.say(&format!("authorization: Bearer {token}\r\n"))
            .await
    }

    /// How often callers were refused for that.
    pub(super) fn refused(&self, reason: &str) -> f64 {
        let labels = [("reason", reason)];
        self.service.metrics.sum("auth_failures_total", &labels)
    }

    /// What `/health/ready` says of the issuer.
    pub(super) async fn ready(&self) -> (u16, Value) {
        let answer = self.service.get("/health/ready").await;
        (answer.status, answer.json()["checks"]["identity"].clone())
    }

    /// Waits until the issuer was asked that often.
    pub(super) async fn asked(&self, issuer: &TokenIssuer, times: usize) {
        until("a request for keys", || issuer.requests() >= times).await;
    }
}

impl Asked {
    /// Status, and the body as text where it is a good one.
    pub(super) fn told(&self) -> (u16, String) {
        let body = String::from_utf8(self.answer.body.clone()).unwrap();
        (self.answer.status, body)
    }
}

/// Who signs is still to be said.
pub(super) fn tokens() -> AuthConfig {
    AuthConfig {
        jwt_issuer: Some(ISSUER.to_owned()),
        jwt_audience: Some(AUDIENCE.to_owned()),
        ..AuthConfig::default()
    }
}

pub(super) fn callers(config: &AuthConfig) -> Callers {
    Callers::new(config, "development").unwrap()
}
