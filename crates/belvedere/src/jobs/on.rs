use std::time::Duration;

use belvedere_jobs::{Options, Role};

pub use belvedere_jobs::{Delivery, Enqueue, Enqueued, Handler, Job, Jobs, JobsError, enqueue};
pub(crate) use belvedere_jobs::{Running, Surroundings};

use crate::{BootError, JobsConfig};

/// Begins to work, or to watch.
pub(crate) async fn start(
    jobs: Jobs,
    works: bool,
    config: &JobsConfig,
    surroundings: Surroundings,
) -> Result<Running, BootError> {
    let role = if works { Role::Work } else { Role::Watch };
    let options = Options {
        concurrency: config.concurrency,
        poll: config.poll_seconds.duration(),
        lease: config.lease_seconds.duration(),
        keep_done: Duration::from_secs(u64::from(config.keep_done_hours) * 3600),
    };
    jobs.start(role, options, surroundings)
        .await
        .map_err(|error| BootError::Other(error.into()))
}
