//! The routes of the example `stored`, each with all that can be planted in it.

use belvedere_testing::TestService;
use reqwest::Method;
use serde_json::json;

use super::planted::{Planted, with_everything};

/// Of these words no body may have so many: the limit is 1 MiB.
const TOO_MANY: usize = 100_000;

/// Returns what was answered.
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
    let jwt = |name: &str| planted.jwt(name);
    let texts = |of: &str| {
        let [bearer, url, token] = ["bearer", "url", "jwt"].map(|kind| format!("{kind} in a {of}"));
        [
            format!("Bearer {}", secret(&bearer)),
            format!("amqp://shop:{}@mq/v", secret(&url)),
            jwt(&token),
        ]
    };
    let query = planted.query();
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
        // The service ends the connection behind its answer: nobody else may want it by then.
        post("/forms")
            .header("connection", "close")
            .body(secret("body that is too large").repeat(TOO_MANY)),
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
