//! The routes of the example `rough`, which do what routes should not, each with all that can be planted in it.

use belvedere_testing::TestService;
use reqwest::{Method, Response};

use super::planted::{Planted, with_everything};

/// Larger than any head may be.
const TOO_MANY: usize = 4_000;

/// Returns what was answered.
pub(super) async fn drive(service: &TestService, planted: &Planted) -> String {
    let mut answers = String::new();
    for (method, path) in targets(planted) {
        let target = format!("{path}?{}", planted.query());
        let request = service.anonymous().request(method, &target);
        let request = request.body(planted.secret("body that nobody reads"));
        match with_everything(request, planted).send().await {
            Ok(answer) => answers += &read(answer).await,
            // The connection ends with the first chunk, and that may be too early for the head.
            Err(error) => assert!(path.contains("broken-body"), "{path}: {error}"),
        }
    }
    answers += &refused(service, planted).await;
    answers
}

fn targets(planted: &Planted) -> Vec<(Method, String)> {
    let get = |path: &str| (Method::GET, path.to_owned());
    let mut targets = [
        "/ok",
        "/whisper",
        "/panic",
        "/sleep/1",
        "/block/1",
        "/events",
        "/broken-body",
        "/fails",
        "/complains",
        "/health/ready",
        // Past the time limit of a request.
        "/sleep/600000",
    ]
    .map(get)
    .to_vec();
    targets.extend(["ok", "panic", "fails"].map(|path| (Method::DELETE, format!("/{path}"))));
    let jwt = planted.jwt("jwt in a path");
    let bearer = format!("Bearer%20{}", planted.secret("bearer in a path"));
    let [url, encoded] = urls(&planted.secret("url in a path"));
    for above in ["/things", "/nowhere", "/sleep"] {
        let secrets = [&jwt, &bearer, &url, &encoded];
        targets.extend(secrets.map(|secret| get(&format!("{above}/{secret}"))));
    }
    targets
}

/// With as much of it encoded as has to be, and as can be.
fn urls(password: &str) -> [String; 2] {
    [
        format!("amqp:%2F%2Fshop:{password}@mq%2Fv"),
        format!("amqp%3A%2F%2Fshop%3A{password}%40mq%2Fv"),
    ]
}

/// As far as it goes: one body breaks off, another never ends.
async fn read(mut answer: Response) -> String {
    let is_endless = answer.url().path() == "/events";
    let mut text = format!("{:?}\n", answer.headers());
    while let Ok(Some(chunk)) = answer.chunk().await {
        text += &String::from_utf8_lossy(&chunk);
        if is_endless {
            break;
        }
    }
    text
}

/// What no handler hears of.
async fn refused(service: &TestService, planted: &Planted) -> String {
    let large = planted.secret("head that is too large").repeat(TOO_MANY);
    let request = service.anonymous().request(Method::GET, "/ok");
    match request.header("x-note", large).send().await {
        Ok(answer) => read(answer).await,
        Err(_) => String::new(),
    }
}
