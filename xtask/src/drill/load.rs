//! Callers: as many as asked for, who sign up, order and read, and call whatever else a drill has them call.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::run::http::Call;

/// Callers of a healthy day: fewer than the pool has connections.
const CALLERS: usize = 6;
/// The most there can be.
const MOST: usize = 60;
/// Between two calls of one caller.
const PAUSE: Duration = Duration::from_millis(150);

#[derive(Clone)]
pub(super) struct Load(Arc<Inner>);

struct Inner {
    target: SocketAddr,
    callers: AtomicUsize,
    pause_ms: AtomicU64,
    extra: Mutex<Vec<Call>>,
    sent: AtomicU64,
    ends: AtomicBool,
}

/// Ends the callers when dropped.
pub(super) struct Callers {
    load: Load,
    threads: Vec<JoinHandle<()>>,
}

impl Load {
    /// Callers of `target`, at work at once.
    pub(super) fn start(target: SocketAddr) -> (Self, Callers) {
        let load = Self(Arc::new(Inner {
            target,
            callers: AtomicUsize::new(CALLERS),
            pause_ms: AtomicU64::new(0),
            extra: Mutex::default(),
            sent: AtomicU64::new(0),
            ends: AtomicBool::new(false),
        }));
        load.usual();
        let threads = (0..MOST).map(|number| {
            let load = load.clone();
            thread::spawn(move || load.call(number))
        });
        let threads = threads.collect();
        (load.clone(), Callers { load, threads })
    }

    /// As on a healthy day.
    pub(super) fn usual(&self) {
        self.set(CALLERS, PAUSE);
        self.also(Vec::new());
    }

    pub(super) fn set(&self, callers: usize, pause: Duration) {
        self.0.callers.store(callers, Ordering::Relaxed);
        let pause = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
        self.0.pause_ms.store(pause, Ordering::Relaxed);
    }

    /// Every other call is one of these.
    pub(super) fn also(&self, calls: Vec<Call>) {
        *self.0.extra.lock().unwrap_or_else(PoisonError::into_inner) = calls;
    }

    fn call(&self, number: usize) {
        let inner = &self.0;
        while !inner.ends.load(Ordering::Relaxed) {
            if number < inner.callers.load(Ordering::Relaxed) {
                // What it is answered, the service's own figures tell.
                let _ = self.next().send(inner.target);
            }
            thread::sleep(Duration::from_millis(
                inner.pause_ms.load(Ordering::Relaxed),
            ));
        }
    }

    fn next(&self) -> Call {
        let number = self.0.sent.fetch_add(1, Ordering::Relaxed);
        let extra = self.0.extra.lock().unwrap_or_else(PoisonError::into_inner);
        let count = u64::try_from(extra.len()).unwrap_or_default();
        let chosen = usize::try_from(number / 2 % count.max(1)).unwrap_or_default();
        let call = match extra.get(chosen) {
            Some(call) if number.is_multiple_of(2) => call.clone(),
            _ => usual(number / 2),
        };
        as_somebody(call)
    }
}

/// A sign-up, an order, the list.
fn usual(number: u64) -> Call {
    match number % 4 {
        0 => {
            let email = format!("drill-{}-{number}@example.com", std::process::id());
            Call::post("/v1/users", format!("{{\"email\":\"{email}\"}}"))
        }
        1 | 2 => Call::post("/v1/orders", "{\"product\":\"espresso\",\"quantity\":1}"),
        _ => Call::get("/v1/orders?limit=5"),
    }
}

fn as_somebody(call: Call) -> Call {
    call.header("x-tenant-id", "acme")
        .header("x-user-id", "ada")
}

impl Drop for Callers {
    fn drop(&mut self) {
        self.load.0.ends.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            // One that waits for an answer has a time limit of its own.
            let _ = thread.join();
        }
    }
}
