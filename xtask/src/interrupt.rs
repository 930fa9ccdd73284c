//! Ctrl-C and SIGTERM become an ordinary error, so that every guard runs and nothing stays behind.

use std::sync::{Condvar, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use tokio::signal::unix::{Signal, SignalKind, signal};

static INTERRUPTED: Mutex<bool> = Mutex::new(false);
static CHANGED: Condvar = Condvar::new();

/// Takes the signals over; returns when they are taken.
pub(crate) fn install() -> Result<()> {
    let (ready, installed) = mpsc::channel();
    thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || listen(&ready))?;
    installed.recv()?
}

/// An error once the user wants out.
pub(crate) fn check() -> Result<()> {
    pause(Duration::ZERO)
}

/// Sleeps, but not past an interrupt.
pub(crate) fn pause(time: Duration) -> Result<()> {
    if asked_within(time) {
        bail!("interrupted");
    }
    Ok(())
}

fn asked_within(time: Duration) -> bool {
    let deadline = Instant::now() + time;
    let mut asked = INTERRUPTED.lock().unwrap_or_else(PoisonError::into_inner);
    while !*asked {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return false;
        }
        let woken = CHANGED.wait_timeout(asked, left);
        asked = woken.unwrap_or_else(PoisonError::into_inner).0;
    }
    true
}

fn listen(ready: &mpsc::Sender<Result<()>>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => runtime.block_on(note_signals(ready)),
        Err(error) => drop(ready.send(Err(error.into()))),
    }
}

async fn note_signals(ready: &mpsc::Sender<Result<()>>) {
    let (mut interrupt, mut terminate) = match both() {
        Ok(signals) => signals,
        Err(error) => return drop(ready.send(Err(error))),
    };
    drop(ready.send(Ok(())));
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    *INTERRUPTED.lock().unwrap_or_else(PoisonError::into_inner) = true;
    CHANGED.notify_all();
}

fn both() -> Result<(Signal, Signal)> {
    let interrupt = signal(SignalKind::interrupt())?;
    let terminate = signal(SignalKind::terminate())?;
    Ok((interrupt, terminate))
}
