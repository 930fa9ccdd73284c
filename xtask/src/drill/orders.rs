//! What a runbook's commands have done: the drill's `systemctl`.

use anyhow::{Result, bail};

use super::service::Terms;
use super::stack::{Site, tell_prometheus};

/// The variables that runbooks take their commands from, and the order that each gives here.
pub(super) const COMMANDS: [(&str, &str); 8] = [
    ("RESTART", "restart"),
    ("ROLL_BACK", "roll-back"),
    ("KILL_AND_START", "kill-and-start"),
    ("START_DATABASE", "start-database"),
    ("KILL_AND_START_DATABASE", "start-database"),
    ("START_REDIS", "start-redis"),
    ("KILL_AND_START_REDIS", "start-redis"),
    ("MEND_UPSTREAM", "mend-upstream"),
];

/// As docs/JOBS.md says: what a schedule does, once, now.
const REPORT_ORDERS: &str = "INSERT INTO jobs (name, queue, payload, metadata, run_at) \
                             SELECT name, 'default', 'null', '{}', created_at FROM job_schedules WHERE name = 'report_orders'";

/// As docs/JOBS.md says, for all that no handler can read.
const BURY: &str = "UPDATE jobs SET state = 'dead', last_error = 'taken out by hand' \
                    WHERE state = 'waiting' AND payload ? 'order'";

pub(super) fn obey(site: &Site, order: &str) -> Result<()> {
    let service = &site.service;
    match order {
        "restart" => service.restart(),
        "roll-back" => service.restart_with(&version_before()),
        "kill-and-start" => service.kill().and_then(|()| service.restart()),
        "start-database" => {
            site.end_plague();
            site.postgres.restart()
        }
        "let-in" => site.postgres.run("ALTER ROLE shop LOGIN").map(drop),
        "let-write" => site.postgres.let_write(),
        "start-redis" => Ok(site.redis().start_again()?),
        "mend-upstream" => site.gateway.mend(),
        "tell-prometheus" => tell_prometheus(service),
        "report-orders" => site.postgres.run(REPORT_ORDERS).map(drop),
        "bury" => {
            site.end_plague();
            site.postgres.run(BURY).map(drop)
        }
        "more-workers" => service.restart_with(&more_workers()),
        "pause" => {
            site.end_plague();
            Ok(())
        }
        "usual-callers" => {
            site.end_plague();
            site.load.usual();
            Ok(())
        }
        other => bail!("nobody knows how to `{other}`"),
    }
}

/// Without the routes that misbehave.
fn version_before() -> Terms {
    Terms {
        env: vec![("DRILL_VERSION_BEFORE", "1".to_owned())],
        ..Terms::default()
    }
}

/// Five times as many jobs at once.
fn more_workers() -> Terms {
    Terms {
        env: vec![("JOBS__CONCURRENCY", "40".to_owned())],
        ..Terms::default()
    }
}
