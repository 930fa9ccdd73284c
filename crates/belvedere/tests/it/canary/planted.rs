//! The secrets, and the requests that carry them.

use belvedere_testing::TestService;
use reqwest::{Method, RequestBuilder};
use serde_json::json;

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
const OTHERS: [&str; 33] = [
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
    "OTEL_EXPORTER_OTLP_HEADERS",
    "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
    "SENTRY_DSN",
    "ADMIN__TOKEN",
    "KEYS__PAYMENTS",
    "KEYS__MAIL_API_KEY",
    "KEYS__BROKER",
];

/// Every route, each with all that can be planted in it. Returns what was answered.
pub(super) async fn drive(service: &TestService, planted: &Planted) -> String {
    let secret = |name: &str| planted.secret(name);
    let mut answers = String::new();
    let account = json!({"name": secret("json name"), "note": secret("json note"), "age": 7, "more": secret("json unknown")});
    let wrong = json!({"name": "ada", "note": "", "age": secret("json of another type")});
    let form = format!(
        "password={}&card={}",
        secret("form password"),
        secret("form card")
    );
    let jwt = |name: &str| format!("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.{}", secret(name));
    let texts = |of: &str| {
        let [bearer, url, token] = ["bearer", "url", "jwt"].map(|kind| format!("{kind} in a {of}"));
        [
            format!("Bearer {}", secret(&bearer)),
            format!("amqp://shop:{}@mq/v", secret(&url)),
            jwt(&token),
        ]
    };
    let (token, email) = (secret("query token"), secret("query email"));
    let query = format!("token={token}&email={email}@example.com");
    let call = |method, path: &str| {
        let mark = if path.contains('?') { '&' } else { '?' };
        let target = format!("{path}{mark}{query}");
        service.anonymous().request(method, &target)
    };
    let post = |path: &str| call(Method::POST, path);
    let get = |path: &str| call(Method::GET, path);
    let mut requests = vec![
        post("/accounts").json(&account),
        post("/accounts").json(&account),
        post("/accounts").json(&wrong),
        post("/accounts").body(account.to_string()),
        post("/forms").body(form),
        get(&format!("/accounts/{}", jwt("jwt in a path"))),
        get(&format!("/nowhere/{}", jwt("jwt in a path"))),
        get(&format!("/accounts/x?limit={}", secret("query limit"))),
        post("/casts").body(secret("bind in a cast")),
        post("/logs").body(format!("Bearer {}", secret("log by key"))),
        post("/logs").body(secret("card")),
        get("/ok"),
        get("/now"),
        get("/health/ready"),
    ];
    for (path, kind) in [
        ("/logs", "log"),
        ("/fails", "failure"),
        ("/panics", "panic"),
    ] {
        requests.extend(texts(kind).map(|text| post(path).body(text)));
    }
    for request in requests {
        let answer = with_everything(request, planted).send().await.unwrap();
        answers += &format!("{:?}\n", answer.headers());
        answers += &answer.text().await.unwrap();
    }
    answers
}

fn with_everything(request: RequestBuilder, planted: &Planted) -> RequestBuilder {
    let cookie = format!(
        "session={}; theme={}",
        planted.secret("cookie session"),
        planted.secret("cookie theme")
    );
    let request = request.header("cookie", cookie);
    HEADERS.iter().fold(request, |request, name| {
        request.header(*name, format!("Bearer {}", planted.secret(name)))
    })
}
