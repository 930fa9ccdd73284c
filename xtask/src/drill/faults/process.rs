//! The process: ended, stopped, blocked, grown.

use std::fs;
use std::sync::Weak;
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::process::Signal;

use super::{Plague, call, done, fault};
use crate::drill::service::{Terms, free_address};
use crate::drill::stack::{Site, targets};
use crate::drill::table::Fault;

pub(in crate::drill) fn killed(site: &Site) -> Result<Fault> {
    site.service.kill()?;
    done()
}

pub(in crate::drill) fn stopped(site: &Site) -> Result<Fault> {
    site.service.signal(Signal::STOP)?;
    done()
}

/// Prometheus looks where nobody is.
pub(in crate::drill) fn wrong_target(site: &Site) -> Result<Fault> {
    let path = targets(&site.service);
    let text = fs::read_to_string(&path)?;
    let text = text.replace(
        &site.service.admin.to_string(),
        &free_address()?.to_string(),
    );
    fs::write(path, text)?;
    done()
}

/// Prometheus looks nowhere.
pub(in crate::drill) fn no_target(site: &Site) -> Result<Fault> {
    fs::remove_file(targets(&site.service))?;
    done()
}

/// Killed again and again, and started again each time.
pub(in crate::drill) fn killed_in_a_loop(site: &Site) -> Result<Fault> {
    begin_again_and_again(site, |site| drop(site.service.kill()))
}

/// The same, but asked to end.
pub(in crate::drill) fn told_to_end_in_a_loop(site: &Site) -> Result<Fault> {
    begin_again_and_again(site, |site| drop(site.service.stop()))
}

fn begin_again_and_again(site: &Site, end: fn(&Site)) -> Result<Fault> {
    let this: Weak<Site> = site.this.clone();
    site.strike(Plague::start(Duration::from_millis(1500), move || {
        if let Some(site) = this.upgrade() {
            end(&site);
            // Without it the loop goes on, and the drill says what it finds.
            let _ = site.service.start(&Terms::default());
        }
    }));
    done()
}

/// A handler sleeps on the thread that all share.
pub(in crate::drill) fn sleeping_handler(site: &Site) -> Result<Fault> {
    site.load.set(4, Duration::from_millis(250));
    site.load.also(vec![fault("sleep/400")]);
    done()
}

/// Tasks compute for longer than they should.
pub(in crate::drill) fn spinning_tasks(site: &Site) -> Result<Fault> {
    call(site, "spin")?;
    done()
}

pub(in crate::drill) fn panicking_task(site: &Site) -> Result<Fault> {
    call(site, "task")?;
    done()
}

/// Memory is taken and not given back.
pub(in crate::drill) fn leak(site: &Site) -> Result<Fault> {
    let target = site.service.http;
    site.strike(Plague::start(Duration::from_secs(1), move || {
        // The one that is started anew leaks too.
        let _ = fault("hold/6").send(target);
    }));
    done()
}

/// A low limit, nearly reached.
pub(in crate::drill) fn low_file_limit(site: &Site) -> Result<Fault> {
    const LIMIT: usize = 200;
    site.service.restart_with(&limited("-n 200"))?;
    let missing = (LIMIT * 9 / 10).saturating_sub(open_files(site)?);
    call(site, &format!("files/{missing}"))?;
    done()
}

/// Files are opened and not closed.
pub(in crate::drill) fn growing_files(site: &Site) -> Result<Fault> {
    site.service.restart_with(&limited("-n 8000"))?;
    call(site, "files/6500")?;
    let target = site.service.http;
    site.strike(Plague::start(Duration::from_millis(400), move || {
        let _ = fault("files/30").send(target);
    }));
    done()
}

fn limited(limit: &'static str) -> Terms {
    Terms {
        limit: Some(limit),
        ..Terms::default()
    }
}

fn open_files(site: &Site) -> Result<usize> {
    let pid = site.service.pid().context("the service does not run")?;
    Ok(fs::read_dir(format!("/proc/{}/fd", pid.as_raw_nonzero()))?.count())
}
