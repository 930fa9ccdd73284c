//! The secrets, and what every request carries.

use reqwest::RequestBuilder;

use super::watched::Seen;

/// Carried by every request.
const HEADERS: [&str; 7] = [
    "authorization",
    "proxy-authorization",
    "x-api-key",
    "x-auth-token",
    "user-agent",
    "referer",
    "x-internal-note",
];

/// What it is called by, and what may not be seen of it.
#[derive(Debug, Default)]
pub(super) struct Planted {
    secrets: std::cell::RefCell<Vec<(String, String)>>,
}

impl Planted {
    /// All of them, so that each is known before anything starts.
    pub(super) fn new() -> Self {
        let planted = Self::default();
        for name in HEADERS {
            planted.secret(name);
        }
        for name in OTHERS {
            planted.secret(name);
        }
        planted
    }

    pub(super) fn count(&self) -> usize {
        self.secrets.borrow().len()
    }

    /// The same one for the same name: a word that stands nowhere else.
    pub(super) fn secret(&self, name: &str) -> String {
        let mut secrets = self.secrets.borrow_mut();
        if let Some((_, secret)) = secrets.iter().find(|(known, _)| known == name) {
            return secret.clone();
        }
        let secret = match name {
            "card" => "4000056655665556".to_owned(),
            _ => format!("Canary{:02}x{}", secrets.len(), "q7Zk9".repeat(2)),
        };
        secrets.push((name.to_owned(), secret.clone()));
        secret
    }

    pub(super) fn jwt(&self, name: &str) -> String {
        format!("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.{}", self.secret(name))
    }

    pub(super) fn query(&self) -> String {
        let [token, email] = ["query token", "query email"].map(|name| self.secret(name));
        format!("token={token}&email={email}@example.com")
    }

    pub(super) fn found_in(&self, seen: &Seen) -> Vec<String> {
        let mut leaks = Vec::new();
        for (name, secret) in &*self.secrets.borrow() {
            leaks.extend(
                seen.places_of(secret)
                    .map(|place| format!("{name} in {place}")),
            );
        }
        leaks
    }
}

/// All that is no header: in requests, in texts of failures, and in the configuration.
const OTHERS: [&str; 43] = [
    "cookie session",
    "cookie theme",
    "query token",
    "query email",
    "query limit",
    "json name",
    "json note",
    "json unknown",
    "json of another type",
    "form password",
    "form card",
    "jwt in a path",
    "bearer in a path",
    "url in a path",
    "baggage",
    "body that nobody reads",
    "body that is too large",
    "head that is too large",
    "wrong admin token",
    "path of an account",
    "bind in a cast",
    "log by key",
    "bearer in a log",
    "url in a log",
    "jwt in a log",
    "card",
    "bearer in a failure",
    "url in a failure",
    "jwt in a failure",
    "bearer in a panic",
    "url in a panic",
    "jwt in a panic",
    "DATABASE_URL",
    "REDIS_URL",
    "redis key",
    "redis value",
    "OTEL_EXPORTER_OTLP_HEADERS",
    "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
    "SENTRY_DSN",
    "ADMIN__TOKEN",
    "KEYS__PAYMENTS",
    "KEYS__MAIL_API_KEY",
    "KEYS__BROKER",
];

/// All that any request can have.
pub(super) fn with_everything(request: RequestBuilder, planted: &Planted) -> RequestBuilder {
    let cookie = format!(
        "session={}; theme={}",
        planted.secret("cookie session"),
        planted.secret("cookie theme")
    );
    let request = request.header("cookie", cookie);
    let request = request.header("baggage", format!("plan={}", planted.secret("baggage")));
    HEADERS.iter().fold(request, |request, name| {
        request.header(*name, format!("Bearer {}", planted.secret(name)))
    })
}
