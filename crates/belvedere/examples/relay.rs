//! A service that calls another one like it: for trying what two of them make of one request.
//!
//! `NEXT__URL=http://127.0.0.1:8001 cargo run --example relay`, and a second one at `HTTP__ADDR=127.0.0.1:8001`.

use std::process::ExitCode;

use axum::{Router, extract::State, routing::get};
use belvedere::{Boot, BootError, Problem, Stopped, Upstream, UpstreamConfig, about, settings};

settings! {
    /// What a relay needs to know.
    struct Settings {
        /// Who is called; without a URL nobody is.
        next: UpstreamConfig = UpstreamConfig::default(),
    }
}

fn main() -> ExitCode {
    belvedere::main(about!(), compose)
}

async fn compose(boot: Boot<Settings>) -> Result<Stopped, BootError> {
    let next = &boot.config().app.next;
    let next = match next.url {
        Some(_) => Some(Upstream::new("next", next)?),
        None => None,
    };
    let routes = Router::new().route("/relay", get(relay)).with_state(next);
    boot.service().open_routes(routes).run().await
}

async fn relay(State(next): State<Option<Upstream>>) -> Result<String, Problem> {
    let Some(next) = next else {
        return Ok("the last".to_owned());
    };
    let answer = next.get("relay").send().await?;
    Ok(String::from_utf8_lossy(answer.body()).into_owned())
}
