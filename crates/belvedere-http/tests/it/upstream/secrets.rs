//! What a URL may hold besides an address.

use std::error::Error;

use axum::routing::get;

use super::{Gateway, nobody, upstream};
use crate::harness::{Setup, routes};

const SECRET: &str = "hunter2";

/// The URL with a user, a password and a query.
fn secretive(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap();
    format!("{scheme}://ada:{SECRET}@{rest}/?key={SECRET}")
}

#[tokio::test]
async fn a_user_and_a_password_are_sent_as_credentials() {
    let gateway = Gateway::start().await;
    let upstream = upstream(&secretive(&gateway.url));
    upstream.post("charge").send().await.unwrap();
    let heard = gateway.heard().remove(0);
    assert_eq!(heard["authorization"], "Basic YWRhOmh1bnRlcjI=");
}

fn sources(mut error: &dyn Error) -> Vec<String> {
    let mut sources = Vec::new();
    while let Some(source) = error.source() {
        sources.push(source.to_string());
        error = source;
    }
    sources
}

#[tokio::test]
async fn a_secret_of_a_url_is_told_by_no_signal_and_no_error() {
    let gateway = Gateway::start().await;
    let (good, bad) = (
        upstream(&secretive(&gateway.url)),
        upstream(&secretive(&nobody().await)),
    );
    let mut shown = format!("{good:?} {bad:?}");
    let pay = async move || {
        let call = good.post("charge").query("token", SECRET);
        let answered = call.send().await.unwrap();
        let call = bad.post("charge").query("token", SECRET);
        let error = call.send().await.unwrap_err();
        let sources = sources(&error);
        tracing::info!(?answered, %error, ?error, ?sources, call = ?good.get("charge").query("token", SECRET), "called");
        format!("{error} {error:?} {sources:?}")
    };
    let setup = Setup {
        routes: routes().route("/pay", get(pay)),
        ..Setup::default()
    };
    let service = setup.start().await;
    let answer = service.get("/pay").await;
    service.counted(1).await;
    shown += str::from_utf8(&answer.body).unwrap();
    shown += &format!("{:?} {:?}", service.logs.all(), service.spans.clients());
    shown += &format!("{:?}", service.metrics.text());
    assert_eq!(service.spans.clients().len(), 2);
    assert!(shown.contains("payments"));
    assert!(!shown.contains(SECRET), "{shown}");
}
