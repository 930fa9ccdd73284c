//! The routes of the example `cached`, each with all that can be planted in it.

use belvedere_testing::TestService;
use reqwest::Method;
use serde_json::json;

use super::planted::{Planted, with_everything};

/// Returns what was answered.
pub(super) async fn drive(service: &TestService, planted: &Planted) -> String {
    let [name, text] = ["redis key", "redis value"].map(|name| planted.secret(name));
    let note = json!({"name": name, "text": text});
    let post = |path| service.anonymous().request(Method::POST, path);
    let mut answers = String::new();
    for request in [
        post("/notes").json(&note),
        post("/notes").json(&note),
        post("/counts").json(&note),
        post("/unknown").body(text.clone()),
    ] {
        let request = with_everything(request, planted).send();
        let answer = request.await.unwrap();
        answers += &format!("{:?}\n", answer.headers());
        answers += &answer.text().await.unwrap();
    }
    answers
}
