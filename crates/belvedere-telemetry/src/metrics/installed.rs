use std::sync::Arc;

use belvedere_core::{
    About,
    active_users::{self, ActiveUsers},
    names::metric,
};
use tokio::runtime::Handle;

use super::{
    accept::Format,
    described::describe,
    process,
    recorder::Recording,
    registry::Budget,
    registry::Registry,
    render::{nothing, render},
    runtime::RuntimeWatch,
    zeros,
};
use crate::PrometheusConfig;

/// Everything measured so far. Cheap to clone; empty when metrics are off.
#[derive(Debug, Clone)]
pub struct Metrics(Option<Arc<Installed>>);

#[derive(Debug)]
struct Installed {
    recording: Recording,
    users: &'static ActiveUsers,
    /// Of the runtime that it was installed on.
    runtime: Option<RuntimeWatch>,
}

/// What a scraper is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scrape {
    /// The format that the text is in.
    pub content_type: &'static str,
    /// All metrics.
    pub text: String,
}

/// The recorder could not be installed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MetricsError {
    /// There is one already.
    #[error("the process has a metrics recorder already")]
    AlreadyInstalled,
}

impl Metrics {
    /// Makes every measurement a no-op.
    pub(crate) const fn off() -> Self {
        Self(None)
    }

    /// Installs the recorder for the whole process. Watches the runtime that it is called on, until the last clone is
    /// dropped.
    pub(crate) fn install(about: About, config: &PrometheusConfig) -> Result<Self, MetricsError> {
        let registry = Arc::new(Registry::new(Budget {
            series: config.series_per_metric,
            tenants: config.tenants,
        }));
        metrics::set_global_recorder(Recording(Arc::clone(&registry)))
            .map_err(|_| MetricsError::AlreadyInstalled)?;
        describe(&registry);
        zeros::begin();
        tell_build(about);
        Ok(Self(Some(Arc::new(Installed {
            recording: Recording(registry),
            users: active_users::watch(),
            runtime: Handle::try_current().ok().map(RuntimeWatch::start),
        }))))
    }

    /// The text exposition format, version 0.0.4.
    pub fn render(&self) -> String {
        self.render_as(Format::Text)
    }

    /// OpenMetrics 1.0 for a scraper whose `Accept` header asks for it, else the text format.
    pub fn scrape(&self, accept: &str) -> Scrape {
        let format = Format::of(accept);
        Scrape {
            content_type: format.content_type(),
            text: self.render_as(format),
        }
    }

    /// Everything as it is now; `None` when metrics are off.
    pub(super) fn registry(&self) -> Option<&Registry> {
        let installed = self.0.as_ref()?;
        installed.read();
        Some(&installed.recording.0)
    }

    fn render_as(&self, format: Format) -> String {
        self.registry()
            .map_or_else(|| nothing(format), |registry| render(registry, format))
    }
}

impl Installed {
    /// What changes without anybody recording it.
    fn read(&self) {
        process::read(&self.recording);
        belvedere_core::metrics::observe_all();
        let users = self.users.count();
        self.recording.set(metric::ACTIVE_USERS, users as f64);
        if let Some(runtime) = &self.runtime {
            runtime.read(&self.recording);
        }
    }
}

fn tell_build(about: About) {
    metrics::gauge!(
        metric::BUILD_INFO,
        "version" => about.version,
        "commit" => about.commit.unwrap_or("unknown"),
        "rustc" => about.rustc
    )
    .set(1.0);
}
