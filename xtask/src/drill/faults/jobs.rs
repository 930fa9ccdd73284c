//! Work outside of requests.

use std::sync::Weak;
use std::time::Duration;

use anyhow::Result;

use super::{Plague, done};
use crate::drill::service::Terms;
use crate::drill::stack::Site;
use crate::drill::table::Fault;

/// What no handler can read.
const POISON: &str = "INSERT INTO jobs (name, queue, payload, metadata, run_at) \
                      SELECT 'send_confirmation', 'orders', '{\"order\": 1}', '{}', now() FROM generate_series(1, 5)";
/// A night was missed: 27 hours, at the pace of all else.
const MISSED: &str =
    "UPDATE job_schedules SET created_at = now() - interval '27 minutes', last_success = NULL";

/// Some jobs are of a form that is not known any more.
pub(in crate::drill) fn poison(site: &Site) -> Result<Fault> {
    let this: Weak<Site> = site.this.clone();
    site.strike(Plague::start(Duration::from_millis(500), move || {
        if let Some(site) = this.upgrade() {
            let _ = site.postgres.run(POISON);
        }
    }));
    done()
}

/// The service leaves its jobs to workers of which there is none.
pub(in crate::drill) fn nobody_works(site: &Site) -> Result<Fault> {
    let apart = Terms {
        env: vec![("JOBS__IN_SERVICE", "false".to_owned())],
        ..Terms::default()
    };
    site.service.restart_with(&apart)?;
    done()
}

/// Nobody asked for what is done each night.
pub(in crate::drill) fn missed_night(site: &Site) -> Result<Fault> {
    site.postgres.run(MISSED)?;
    done()
}
