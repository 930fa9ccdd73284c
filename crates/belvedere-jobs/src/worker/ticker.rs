//! Asks for the jobs of schedules.

use std::{collections::HashMap, sync::Arc, time::Duration};

use belvedere_core::names::event;
use chrono::{DateTime, Utc};
use tokio::time;

use super::outage::Outage;
use crate::{handler::Erased, queue::Queue, schedule::Cron};

/// A clock that was set, and a tick that another replica could not make, are noticed within this time.
const LOOK_EVERY: Duration = Duration::from_secs(30);

pub(super) async fn run(queue: Queue, handlers: Arc<[Erased]>) {
    let mut outage = Outage::default();
    loop {
        let asked = ask(&queue, &handlers).await;
        outage.saw(asked.as_ref().err());
        time::sleep(outage.at_least(until_next(&handlers, Utc::now()))).await;
    }
}

fn schedules(handlers: &[Erased]) -> impl Iterator<Item = (&Erased, &Cron)> {
    let on_schedule = handlers.iter();
    on_schedule.filter_map(|handler| Some((handler, handler.cron.as_ref()?)))
}

fn until_next(handlers: &[Erased], now: DateTime<Utc>) -> Duration {
    let next = schedules(handlers).filter_map(|(_, cron)| cron.next(now));
    let next = next.min().and_then(|next| (next - now).to_std().ok());
    next.map_or(LOOK_EVERY, |pause| pause.min(LOOK_EVERY))
}

/// Asks for what is due and was not asked for: also for the last time before this worker was there.
async fn ask(queue: &Queue, handlers: &[Erased]) -> Result<(), sqlx::Error> {
    let known = queue.schedules().await?.into_iter();
    let last: HashMap<String, i64> = known.map(|known| (known.name, known.last_tick)).collect();
    let now = Utc::now();
    for (handler, cron) in schedules(handlers) {
        let (Some(tick), Some(last)) = (cron.last(now), last.get(handler.name)) else {
            continue;
        };
        if tick.seconds() <= *last {
            continue;
        }
        let payload = cron.payload();
        let payload = payload.map_err(|error| sqlx::Error::Encode(error.into()))?;
        let name = handler.name;
        if let Some(id) = queue.schedule(name, handler.queue, payload, tick).await? {
            tracing::info!(message = event::JOB_SCHEDULED, job = name, job_id = id, tick = %tick);
        }
    }
    Ok(())
}
