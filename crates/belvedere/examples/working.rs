//! A service that works beside its requests: for trying what is seen of that.
//!
//! `cargo run --example working`, then `curl http://127.0.0.1:8000/reconcile/0` and so on.

use std::{process::ExitCode, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{Path, State},
    routing::get,
};
use belvedere::{Boot, BootError, Shutdown, Stopped, about, capture_span, capture_transaction};
use tokio::sync::{
    Mutex,
    mpsc::{Receiver, Sender, channel},
};

fn main() -> ExitCode {
    belvedere::main(about!(), compose)
}

async fn compose(boot: Boot) -> Result<Stopped, BootError> {
    let (orders, ordered) = channel(1);
    let ordered = Arc::new(Mutex::new(ordered));
    let routes = Router::new().route("/reconcile/{rows}", get(order));
    boot.service()
        .open_routes(routes.with_state(orders))
        .background_task("ledger", move |shutdown| {
            let ordered = Arc::clone(&ordered);
            async move {
                let mut ordered = ordered.lock().await;
                tokio::select! {
                    // With the last connection goes the last who could order: both may be so at once.
                    biased;
                    () = shutdown.stopping() => tracing::info!("ledger_closed"),
                    () = work(&mut ordered) => {}
                }
            }
        })
        .critical_task("heart", beat)
        .run()
        .await
}

/// Orders work that is done outside of this request.
async fn order(State(orders): State<Sender<u64>>, Path(rows): Path<u64>) -> &'static str {
    match orders.send(rows).await {
        Ok(()) => "ordered",
        Err(_) => "nobody works",
    }
}

async fn work(ordered: &mut Receiver<u64>) {
    while let Some(rows) = ordered.recv().await {
        if reconcile(rows).await.is_err() {
            tracing::warn!(rows, "ledger_is_wrong");
        }
    }
}

#[derive(Debug)]
struct Wrong;

/// Fails without rows; panics with 13; with 99 the heart stops.
#[capture_transaction(op = "ledger", description = "Looks at all of it.", fields(rows))]
async fn reconcile(rows: u64) -> Result<(), Wrong> {
    tracing::info!(rows, "reconciling");
    sum(rows).await?;
    assert_ne!(rows, 13, "as asked");
    Ok(())
}

#[capture_span]
async fn sum(rows: u64) -> Result<u64, Wrong> {
    tracing::info_span!("row").in_scope(|| tracing::info!("summed"));
    if rows == 0 {
        return Err(Wrong);
    }
    if rows == 99 {
        HEART.notify_one();
    }
    Ok(rows)
}

static HEART: tokio::sync::Notify = tokio::sync::Notify::const_new();

/// Beats until it is stopped, by an operator or by an order.
async fn beat(shutdown: Shutdown) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
            () = HEART.notified() => return,
            () = shutdown.stopping() => return,
        }
    }
}
