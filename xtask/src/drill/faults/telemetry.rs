//! What the service tells, and does not get rid of.

use std::time::Duration;

use anyhow::Result;

use super::{Plague, call, done, fault};
use crate::drill::service::{Terms, free_address};
use crate::drill::stack::Site;
use crate::drill::table::Fault;

pub(in crate::drill) fn reader_gone(site: &Site) -> Result<Fault> {
    site.service.lose_reader();
    done()
}

/// Traces go where nobody listens.
pub(in crate::drill) fn no_collector(site: &Site) -> Result<Fault> {
    let endpoint = format!("http://{}", free_address()?);
    let telling = Terms {
        env: vec![("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)],
        ..Terms::default()
    };
    site.service.restart_with(&telling)?;
    done()
}

/// A label with a value for each basket.
pub(in crate::drill) fn many_labels(site: &Site) -> Result<Fault> {
    call(site, "labels/1200")?;
    done()
}

/// More routes than a metric may have label sets.
pub(in crate::drill) fn small_budget(site: &Site) -> Result<Fault> {
    let small = Terms {
        env: vec![("PROMETHEUS__SERIES_PER_METRIC", "4".to_owned())],
        ..Terms::default()
    };
    site.service.restart_with(&small)?;
    done()
}

/// Something beside requests fails and says so.
pub(in crate::drill) fn noisy_background(site: &Site) -> Result<Fault> {
    let target = site.service.http;
    site.strike(Plague::start(Duration::from_millis(500), move || {
        let _ = fault("log/10").send(target);
    }));
    done()
}
