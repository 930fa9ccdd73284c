use std::sync::Arc;

use tokio::sync::watch;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Running,
    Draining,
    Stopping,
    Aborting,
}

/// The life of the process, told to everyone who has to end with it.
///
/// `Running -> Draining` (ready is 503, still serving) `-> Stopping` (no new work) `-> Aborting` (what is left is cut).
/// It only ever goes forward.
#[derive(Debug, Clone)]
pub struct Shutdown(Arc<watch::Sender<Phase>>);

impl Default for Shutdown {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(Phase::Running)))
    }
}

impl Shutdown {
    /// Readiness turns to 503; connections are told to close.
    pub fn drain(&self) {
        self.advance(Phase::Draining);
    }

    /// No new connection is accepted; what is in flight may finish.
    pub fn stop(&self) {
        self.advance(Phase::Stopping);
    }

    /// What is still in flight is abandoned.
    pub fn abort(&self) {
        self.advance(Phase::Aborting);
    }

    /// Whether the end has begun.
    pub fn is_draining(&self) -> bool {
        *self.0.borrow() >= Phase::Draining
    }

    /// Whether no new work may begin.
    pub fn is_stopping(&self) -> bool {
        *self.0.borrow() >= Phase::Stopping
    }

    /// Whether what is in flight is being cut.
    pub fn is_aborting(&self) -> bool {
        *self.0.borrow() >= Phase::Aborting
    }

    /// Resolves when draining begins.
    pub async fn draining(&self) {
        self.reached(Phase::Draining).await;
    }

    /// Resolves when no new work may begin.
    pub async fn stopping(&self) {
        self.reached(Phase::Stopping).await;
    }

    /// Resolves when what is in flight is cut.
    pub async fn aborting(&self) {
        self.reached(Phase::Aborting).await;
    }

    fn advance(&self, phase: Phase) {
        self.0.send_if_modified(|current| {
            let forward = phase > *current;
            *current = phase.max(*current);
            forward
        });
    }

    async fn reached(&self, phase: Phase) {
        // The sender lives in `self`, so waiting cannot fail.
        let _ = self
            .0
            .subscribe()
            .wait_for(|current| *current >= phase)
            .await;
    }
}
