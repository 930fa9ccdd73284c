//! A service whose routes ask who calls: for trying how callers are known, and how often they may come.
//!
//! `cargo run --example guarded`, then `curl http://127.0.0.1:8000/v1/orders -H 'x-tenant-id: acme'`; with tokens as
//! `docs/SECURITY.md` has it.

use std::{convert::Infallible, process::ExitCode};

use axum::{
    Router,
    extract::Request,
    response::Response,
    routing::{get, post},
};
use belvedere::{Boot, BootError, Caller, Stopped, about};

fn main() -> ExitCode {
    belvedere::main(about!(), compose)
}

async fn compose(boot: Boot) -> Result<Stopped, BootError> {
    let orders = Router::new()
        .route("/", get(who).post(who))
        .route("/{id}", get(who).put(who).delete(who));
    let guarded = Router::new()
        .nest("/v1/orders", orders)
        .route("/v1/reports/{*path}", get(who))
        .route("/v1/any", axum::routing::any(who));
    let open = Router::new()
        .route("/v1/login", post(async || "logged in"))
        // As nobody should: a route for anybody that asks who it is.
        .route("/v1/mistaken", get(who));
    let files =
        tower::service_fn(async |_: Request| Ok::<Response, Infallible>(Response::default()));
    let service = boot.service().routes(guarded).open_routes(open);
    service.nest_service("/files", files).run().await
}

async fn who(Caller(identity): Caller) -> String {
    let user = identity.user_id.unwrap_or_default();
    format!("{} {user}\n", identity.tenant_id)
}
