//! What takes jobs, runs them, and says how they ended.

mod keepers;
mod outage;
mod pace;
mod run;
mod series;
mod settle;
mod ticker;

use std::{collections::HashMap, sync::Arc, time::Duration};

use belvedere_core::{Shutdown, names::event};
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
    time,
};

pub(crate) use keepers::Keepers;

use self::{outage::Outage, pace::Pace, run::Ended, series::Series, settle::Ledger};
use crate::{
    dialect::Taken, enqueue::nudges, handler::Erased, jobs::Options, metadata::Contexts,
    queue::Queue,
};

/// What handing back the cut jobs may take.
const RELEASE_TIMEOUT: Duration = Duration::from_secs(1);

/// No other worker has it, not even one that runs on this machine after this one.
pub(crate) fn new_id() -> String {
    format!("{:032x}", fastrand::u128(..))
}

#[derive(Debug)]
pub(crate) struct Worker {
    queue: Queue,
    kinds: Vec<Kind>,
    by_name: HashMap<&'static str, usize>,
    contexts: Arc<Contexts>,
    options: Options,
    id: String,
    running: HashMap<i64, (usize, JoinHandle<Option<()>>)>,
    ended: mpsc::UnboundedReceiver<Ended>,
    end: mpsc::UnboundedSender<Ended>,
    ledger: Ledger,
    outage: Outage,
    /// Kinds with a limit of their own and the others take turns at being first.
    limited_first: bool,
}

/// A kind of job.
#[derive(Debug)]
struct Kind {
    handler: usize,
    handlers: Arc<[Erased]>,
    series: Arc<Series>,
    running: usize,
}

impl Kind {
    fn handler(&self) -> &Erased {
        &self.handlers[self.handler]
    }

    fn is_limited(&self) -> bool {
        self.handler().rules.concurrency.is_some()
    }

    fn free(&self) -> usize {
        let limit = self.handler().rules.concurrency.unwrap_or(usize::MAX);
        limit.saturating_sub(self.running)
    }
}

impl Worker {
    pub(crate) fn new(
        queue: Queue,
        handlers: &Arc<[Erased]>,
        contexts: Contexts,
        options: Options,
        id: String,
    ) -> Self {
        let kinds = (0..handlers.len()).map(|handler| Kind {
            handler,
            series: Arc::new(Series::of(handlers[handler].name)),
            handlers: Arc::clone(handlers),
            running: 0,
        });
        let by_name = handlers.iter().enumerate();
        let (end, ended) = mpsc::unbounded_channel();
        Self {
            ledger: Ledger::new(queue.clone(), id.clone()),
            queue,
            kinds: kinds.collect(),
            by_name: by_name.map(|(at, handler)| (handler.name, at)).collect(),
            contexts: Arc::new(contexts),
            options,
            id,
            running: HashMap::new(),
            ended,
            end,
            outage: Outage::default(),
            limited_first: false,
        }
    }

    /// Works until the shutdown begins, then waits for what is running until `cut`. Returns how many were cut.
    pub(crate) async fn run(mut self, shutdown: Shutdown, mut cut: watch::Receiver<bool>) -> u32 {
        let mut pace = Pace::new(self.options.poll);
        let mut nudged = nudges();
        while !shutdown.is_draining() {
            self.settle().await;
            let took = self.fill().await;
            pace.took(took > 0);
            let pause = match self.free() {
                0 => Duration::MAX,
                _ if took > 0 => Duration::ZERO,
                _ => self.outage.at_least(pace.pause()),
            };
            tokio::select! {
                biased;
                () = shutdown.draining() => break,
                Some(ended) = self.ended.recv() => self.note(ended),
                _ = nudged.changed() => pace.hurry(),
                () = time::sleep(pause) => {}
            }
        }
        self.finish(&mut cut).await
    }

    /// Nothing new is begun.
    async fn finish(&mut self, cut: &mut watch::Receiver<bool>) -> u32 {
        while !self.running.is_empty() {
            tokio::select! {
                Some(ended) = self.ended.recv() => self.note(ended),
                _ = cut.wait_for(|is_cut| *is_cut) => break,
            }
            self.settle().await;
        }
        self.settle().await;
        let abandoned = self.running.len();
        if abandoned > 0 {
            self.abandon().await;
        }
        u32::try_from(abandoned).unwrap_or(u32::MAX)
    }

    async fn abandon(&mut self) {
        let jobs: Vec<_> = self.running.keys().copied().collect();
        tracing::error!(message = event::JOBS_ABANDONED, abandoned = jobs.len(), jobs = ?jobs);
        for (_, (_, run)) in self.running.drain() {
            run.abort();
        }
        // If that fails they are another's when the lease is over.
        let _ = time::timeout(RELEASE_TIMEOUT, self.queue.release(&self.id)).await;
    }

    fn free(&self) -> usize {
        self.options.concurrency.saturating_sub(self.running.len())
    }

    fn note(&mut self, ended: Ended) {
        self.take_note(ended);
        while let Ok(ended) = self.ended.try_recv() {
            self.take_note(ended);
        }
    }

    fn take_note(&mut self, ended: Ended) {
        if let Some((kind, _)) = self.running.remove(&ended.id) {
            self.kinds[kind].running -= 1;
        }
        self.ledger.enter(ended);
    }

    async fn settle(&mut self) {
        let settled = self.ledger.settle().await;
        self.outage.saw(settled.as_ref().err());
    }

    /// Takes as many jobs as there is room for. Returns how many.
    async fn fill(&mut self) -> usize {
        self.limited_first = !self.limited_first;
        let mut took = 0;
        for limited in [self.limited_first, !self.limited_first] {
            took += if limited {
                self.fill_limited().await
            } else {
                let others = |kind: &&Kind| !kind.is_limited();
                let names = self.kinds.iter().filter(others);
                let names: Vec<_> = names.map(|kind| kind.handler().name).collect();
                self.take(&names, self.free()).await
            };
        }
        took
    }

    async fn fill_limited(&mut self) -> usize {
        let mut took = 0;
        for at in 0..self.kinds.len() {
            let kind = &self.kinds[at];
            if kind.is_limited() {
                let (name, room) = (kind.handler().name, kind.free().min(self.free()));
                took += self.take(&[name], room).await;
            }
        }
        took
    }

    async fn take(&mut self, names: &[&str], room: usize) -> usize {
        if names.is_empty() || room == 0 {
            return 0;
        }
        let taken = self.queue.take(names, &self.id, room, self.options.lease);
        let taken = taken.await;
        self.outage.saw(taken.as_ref().err());
        let taken = taken.unwrap_or_default();
        let count = taken.len();
        for job in taken {
            self.begin(job);
        }
        count
    }

    fn begin(&mut self, job: Taken) {
        let Some(&at) = self.by_name.get(&*job.name) else {
            return;
        };
        let kind = &mut self.kinds[at];
        kind.running += 1;
        let id = job.id;
        let work = run::Attempt {
            handlers: Arc::clone(&kind.handlers),
            handler: kind.handler,
            series: Arc::clone(&kind.series),
            contexts: Arc::clone(&self.contexts),
        };
        let running = work.spawn(job, self.end.clone());
        self.running.insert(id, (at, running));
    }
}
