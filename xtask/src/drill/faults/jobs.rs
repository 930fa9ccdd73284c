//! Work outside of requests.

use std::net::SocketAddr;
use std::sync::Weak;
use std::time::Duration;

use anyhow::Result;

use super::{Plague, call, done, fault};
use crate::drill::service::Terms;
use crate::drill::stack::Site;
use crate::drill::table::Fault;

/// What no handler can read.
const POISON: &str = "INSERT INTO jobs (name, queue, payload, metadata, run_at) \
                      SELECT 'send_confirmation', 'orders', '{\"order\": 1}', '{}', now() FROM generate_series(1, 5)";
/// A campaign: four times as many confirmations as there usually are.
const CAMPAIGN: &str = "INSERT INTO jobs (name, queue, payload, metadata, run_at) \
                        SELECT 'send_confirmation', 'orders', '{\"order_id\": \"campaign\"}', '{}', now() FROM generate_series(1, 32)";
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

/// The mail server takes ten times as long as it did.
pub(in crate::drill) fn slow_mail(site: &Site) -> Result<Fault> {
    mail(site, "2000/false")
}

/// The mail server is full, and takes its time to say so.
pub(in crate::drill) fn full_mail(site: &Site) -> Result<Fault> {
    mail(site, "500/true")
}

/// More is asked for than the workers can do.
pub(in crate::drill) fn campaign(site: &Site) -> Result<Fault> {
    let this: Weak<Site> = site.this.clone();
    site.strike(Plague::start(Duration::from_millis(500), move || {
        if let Some(site) = this.upgrade() {
            let _ = site.postgres.run(CAMPAIGN);
        }
    }));
    done()
}

/// Until its owner mends it.
fn mail(site: &Site, how: &str) -> Result<Fault> {
    call(site, &format!("mail/{how}"))?;
    site.strike(Mended(site.service.http));
    done()
}

/// Dropped, the mail server is as it was.
struct Mended(SocketAddr);

impl Drop for Mended {
    fn drop(&mut self) {
        // Whoever starts the service anew has mended it too.
        let _ = fault("mail/200/false").send(self.0);
    }
}
