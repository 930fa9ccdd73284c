//! What goes wrong, for real: by what it happens to.

pub(super) mod database;
pub(super) mod dependencies;
mod grpc;
pub(super) mod jobs;
pub(super) mod process;
pub(super) mod requests;
pub(super) mod telemetry;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Result, ensure};

use super::stack::Site;
use super::table::Fault;
use crate::run::http::Call;

/// What stays wrong by itself.
fn done() -> Result<Fault> {
    Ok(Box::new(()))
}

/// One of the routes that misbehave.
fn call(site: &Site, path: &str) -> Result<()> {
    let answer = fault(path).send(site.service.http)?;
    ensure!(answer.status == 200, "{path} -> {}", answer.status);
    Ok(())
}

fn fault(path: &str) -> Call {
    let call = match path {
        "panic" | "stuck" | "transaction" | "report" => Call::get(&format!("/v1/faults/{path}")),
        path if path.starts_with("sleep") || path.starts_with("nap") => {
            Call::get(&format!("/v1/faults/{path}"))
        }
        _ => Call::new("POST", &format!("/v1/faults/{path}")).header("content-length", "0"),
    };
    call.header("x-tenant-id", "acme")
        .header("x-user-id", "ada")
}

/// As many calls at once, whose answers nobody waits for.
fn burst(site: &Site, count: usize, path: &str) {
    for _ in 0..count {
        let (call, target) = (fault(path), site.service.http);
        // It ends with its answer, or with the client's own limit.
        thread::spawn(move || call.send(target));
    }
}

/// Something again and again, until it is dropped.
pub(super) struct Plague {
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Plague {
    fn start(every: Duration, mut strike: impl FnMut() + Send + 'static) -> Self {
        let ends = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&ends);
        let thread = thread::spawn(move || {
            while !asked.load(Ordering::Relaxed) {
                strike();
                thread::sleep(every);
            }
        });
        Self {
            ends,
            thread: Some(thread),
        }
    }
}

impl Drop for Plague {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        // What it did last is done before anything else is.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}
