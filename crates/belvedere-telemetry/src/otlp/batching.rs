use std::{cell::Cell, sync::Arc, time::Duration};

use belvedere_core::{Redactor, config::ConfigError};
use tokio::runtime;

use super::{Exporter, Limits, Outlook, Pace, Queue, ResourceEnvelope, Target, Transport};
use crate::{OtelConfig, metrics::MAX_METRICS, resource::Resource, telemetry::TelemetryError};

/// How the records of one signal are gathered and sent: what `OTEL_BSP_*` or `OTEL_BLRP_*` say.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Batching {
    name: &'static str,
    full: &'static str,
    waiting: usize,
    batch: usize,
    delay: u64,
    patience: u64,
}

impl Batching {
    pub(crate) const fn of_spans(config: &OtelConfig) -> Self {
        Self {
            name: "traces",
            full: "queue_full",
            waiting: config.bsp_max_queue_size,
            batch: config.bsp_max_export_batch_size,
            delay: config.bsp_schedule_delay,
            patience: config.bsp_export_timeout,
        }
    }

    pub(crate) const fn of_lines(config: &OtelConfig) -> Self {
        Self {
            name: "logs",
            // The queue of stdout is another one.
            full: "export_queue_full",
            waiting: config.blrp_max_queue_size,
            batch: config.blrp_max_export_batch_size,
            delay: config.blrp_schedule_delay,
            patience: config.blrp_export_timeout,
        }
    }

    /// A snapshot is pushed at once, and sent at once: what waits is the one before, and what it has room for.
    pub(crate) const fn of_metrics(config: &OtelConfig) -> Self {
        Self {
            name: "metrics",
            full: "export_queue_full",
            waiting: 2 * MAX_METRICS,
            batch: MAX_METRICS,
            delay: config.metric_export_interval,
            patience: config.metric_export_timeout,
        }
    }

    /// Starts what sends everything that is pushed into the queue. It connects when the first batch is due: no back end can
    /// delay a start.
    pub(crate) fn start(
        self,
        target: &Target,
        resource: &Resource,
        redactor: &Redactor,
    ) -> Result<Arc<Queue>, TelemetryError> {
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(TelemetryError::Export)?;
        let transport = {
            let _entered = runtime.enter();
            Transport::new(target).map_err(|error| not_built(target, &error))?
        };
        let queue = Arc::new(Queue::new(self.name, self.limits()));
        let exporter = Exporter {
            queue: Arc::clone(&queue),
            transport,
            envelope: ResourceEnvelope::new(resource, redactor),
            pace: self.pace(),
            outlook: Outlook::default(),
            not_before: Cell::new(None),
            url: target.shown_url(),
        };
        exporter.start(runtime).map_err(TelemetryError::Export)?;
        Ok(queue)
    }

    fn limits(self) -> Limits {
        let waiting = self.waiting.max(1);
        Limits {
            full: self.full,
            waiting,
            batch: self.batch.clamp(1, waiting),
        }
    }

    fn pace(self) -> Pace {
        Pace {
            delay: Duration::from_millis(self.delay),
            patience: Duration::from_millis(self.patience),
            batch: self.limits().batch,
        }
    }
}

/// What a transport objects to is the address, or the certificates.
fn not_built(target: &Target, error: &(dyn std::error::Error + 'static)) -> ConfigError {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let causes: Vec<_> = causes.map(ToString::to_string).collect();
    let message = format!("{:?} is not valid: {}", target.url, causes.join(": "));
    let shown = Redactor::default().show("url", &message).into_owned();
    ConfigError::new(&target.variable, shown)
}
