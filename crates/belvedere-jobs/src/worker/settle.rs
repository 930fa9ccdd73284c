use sqlx::Error;

use super::run::{Ended, Fate};
use crate::queue::Queue;

/// What has ended and is not written down yet. It stays here while the database is away; what dies with the process is
/// run again.
#[derive(Debug)]
pub(super) struct Ledger {
    queue: Queue,
    worker: String,
    forgotten: Vec<i64>,
    done: Vec<i64>,
    schedules: Vec<&'static str>,
    failed: Vec<Ended>,
}

impl Ledger {
    pub(super) const fn new(queue: Queue, worker: String) -> Self {
        Self {
            queue,
            worker,
            forgotten: Vec::new(),
            done: Vec::new(),
            schedules: Vec::new(),
            failed: Vec::new(),
        }
    }

    pub(super) fn enter(&mut self, ended: Ended) {
        match ended.fate {
            Fate::Forgotten => self.forgotten.push(ended.id),
            Fate::Done { schedule } => {
                self.done.push(ended.id);
                self.schedules.extend(schedule);
            }
            Fate::Retry { .. } | Fate::Dead { .. } => self.failed.push(ended),
        }
    }

    /// Writes it down, most of it in one statement.
    pub(super) async fn settle(&mut self) -> Result<(), Error> {
        if !self.forgotten.is_empty() {
            self.queue.forget(&self.forgotten, &self.worker).await?;
            self.forgotten.clear();
        }
        if !self.done.is_empty() {
            self.queue.done(&self.done, &self.worker).await?;
            self.done.clear();
        }
        while let Some(schedule) = self.schedules.last() {
            self.queue.succeeded(schedule).await?;
            self.schedules.pop();
        }
        while let Some(ended) = self.failed.last() {
            self.fail(ended).await?;
            self.failed.pop();
        }
        Ok(())
    }

    async fn fail(&self, ended: &Ended) -> Result<(), Error> {
        match &ended.fate {
            Fate::Retry { pause, why } => {
                let (id, worker) = (ended.id, &self.worker);
                self.queue.retry(id, worker, *pause, why).await
            }
            Fate::Dead { why } => self.queue.bury(ended.id, &self.worker, why).await,
            Fate::Forgotten | Fate::Done { .. } => Ok(()),
        }
    }
}
