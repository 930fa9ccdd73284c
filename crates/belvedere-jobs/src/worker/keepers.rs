//! What goes on beside the runs: leases, gauges, schedules, and forgetting.

use std::{
    collections::HashSet,
    sync::Arc,
    time::{Duration, Instant},
};

use belvedere_core::names::{event, metric};
use metrics::gauge;
use tokio::{task::JoinHandle, time};

use super::{outage::Outage, ticker};
use crate::{
    handler::Erased,
    jobs::{Options, Role},
    queue::Queue,
};

/// Of these a lease has three: two may be lost.
const BEATS: u32 = 3;
/// The gauges are as fresh as a scrape needs.
const SAMPLE_EVERY: Duration = Duration::from_secs(5);
/// Keys are forgotten a thousand at a time.
const PURGE_EVERY: Duration = Duration::from_secs(20);
/// The states that `job_queue_depth` tells.
const STATES: [&str; 4] = ["waiting", "delayed", "running", "dead"];

/// Ends them when it is dropped: after the last run.
#[derive(Debug)]
pub(crate) struct Keepers(Vec<JoinHandle<Option<()>>>);

impl Keepers {
    pub(crate) fn start(
        role: Role,
        queue: &Queue,
        handlers: &Arc<[Erased]>,
        options: &Options,
        worker: &str,
    ) -> Self {
        let spawn = belvedere_core::spawn::<(), _>;
        let mut tasks = vec![spawn(tell(queue.clone(), Arc::clone(handlers)))];
        if role == Role::Work {
            let lease = options.lease;
            tasks.push(belvedere_core::spawn(keep(
                queue.clone(),
                worker.to_owned(),
                lease,
            )));
            tasks.push(belvedere_core::spawn(purge(
                queue.clone(),
                options.keep_done,
            )));
            tasks.push(belvedere_core::spawn(ticker::run(
                queue.clone(),
                Arc::clone(handlers),
            )));
        }
        Self(tasks)
    }
}

impl Drop for Keepers {
    fn drop(&mut self) {
        for task in &self.0 {
            task.abort();
        }
    }
}

/// Keeps what this worker has, and hands out what others have left.
async fn keep(queue: Queue, worker: String, lease: Duration) {
    let mut outage = Outage::default();
    loop {
        let kept = queue.beat(&worker, lease).await;
        outage.saw(kept.as_ref().err());
        match queue.recover().await {
            Ok(0) | Err(_) => {}
            Ok(jobs) => tracing::warn!(message = event::JOBS_RECOVERED, jobs),
        }
        let pause = (lease / BEATS).mul_f64(0.8 + 0.2 * fastrand::f64());
        time::sleep(pause).await;
    }
}

async fn purge(queue: Queue, keep_done: Duration) {
    loop {
        time::sleep(PURGE_EVERY.mul_f64(0.5 + fastrand::f64())).await;
        // While there are many, without a pause; a failure is told by those who look more often.
        while matches!(queue.purge(keep_done).await, Ok(1000..)) {}
    }
}

async fn tell(queue: Queue, handlers: Arc<[Erased]>) {
    let mut queues: HashSet<String> = handlers
        .iter()
        .map(|handler| handler.queue.to_owned())
        .collect();
    zero(&queues);
    loop {
        let began = Instant::now();
        // What cannot be known is left as it was: the database's own gauges tell of that.
        let _ = sample(&queue, &mut queues).await;
        let _ = last_successes(&queue, &handlers).await;
        let pause = SAMPLE_EVERY.max(began.elapsed() * 10);
        time::sleep(pause.mul_f64(0.8 + 0.4 * fastrand::f64())).await;
    }
}

fn zero(queues: &HashSet<String>) {
    for queue in queues {
        for state in STATES {
            depth(queue, state, 0.0);
        }
        oldest(queue, 0.0);
    }
}

async fn sample(queue: &Queue, queues: &mut HashSet<String>) -> Result<(), sqlx::Error> {
    let depths = queue.depths().await?;
    queues.extend(depths.iter().map(|depth| depth.queue.clone()));
    for queue in &*queues {
        for state in STATES {
            let found = depths.iter();
            let mut found = found.filter(|depth| depth.queue == *queue && depth.state == state);
            let found = found.next();
            depth(queue, state, found.map_or(0.0, |found| found.jobs as f64));
            if state == STATES[0] {
                oldest(queue, found.map_or(0.0, |found| found.oldest));
            }
        }
    }
    Ok(())
}

fn depth(queue: &str, state: &'static str, jobs: f64) {
    gauge!(metric::JOB_QUEUE_DEPTH, "queue" => queue.to_owned(), "state" => state).set(jobs);
}

fn oldest(queue: &str, seconds: f64) {
    gauge!(metric::JOB_QUEUE_OLDEST, "queue" => queue.to_owned()).set(seconds.max(0.0));
}

/// From the table, so that each replica tells the same.
async fn last_successes(queue: &Queue, handlers: &[Erased]) -> Result<(), sqlx::Error> {
    let on_schedule = |name: &str| {
        let handler = handlers.iter().find(|handler| handler.name == name)?;
        handler.cron.as_ref().map(|_| handler.name)
    };
    for known in queue.schedules().await? {
        if let Some(name) = on_schedule(&known.name) {
            gauge!(metric::JOB_LAST_SUCCESS, "job" => name).set(known.last_success);
        }
    }
    Ok(())
}
