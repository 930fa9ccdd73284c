use std::{
    io,
    os::fd::AsFd,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use arc_swap::ArcSwap;
use belvedere_core::{
    About, Control, Redactor,
    config::ConfigError,
    names::event,
    trace::{self, Origin, Tracer},
};
use tracing::{Level, Metadata, level_filters::LevelFilter, subscriber::SetGlobalDefaultError};
use tracing_subscriber::{
    Layer, Registry,
    filter::{FilterFn, filter_fn},
    layer::SubscriberExt,
};

use crate::{
    Beside, BesideLayer, LogFormat, LogLayer, LogSink, Metrics, StaticFields, TelemetryConfig,
    checked::Checked,
    configured::Configured,
    control::Controls,
    filter::{Gate, InForce},
    log::dropped_line,
    metrics::{MetricsError, MetricsPush},
    otlp::{Batching, LogExport, Queue},
    panic,
    traces::Pipeline,
};

/// All signals together have this long to leave the process at its end.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(3);
/// Of it, what the log keeps for itself, so that it can tell of the others.
const LOG_RESERVE: Duration = Duration::from_millis(500);

/// For lines about the export of lines.
const LAST_LINES: Duration = Duration::from_millis(100);

/// Telemetry could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TelemetryError {
    /// A variable says something that cannot be.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The recorder was not installed.
    #[error(transparent)]
    Metrics(#[from] MetricsError),
    /// The process has a subscriber already.
    #[error("the process has a tracing subscriber already")]
    Subscriber(#[from] SetGlobalDefaultError),
    /// Traces have nowhere to go.
    #[error("the export thread did not start")]
    Export(#[source] io::Error),
    /// The log has nowhere to go.
    #[error("the log writer did not start")]
    Log(#[from] io::Error),
    /// No thread for what is ordered for a time.
    #[error("the control thread did not start")]
    Control(#[source] io::Error),
}

/// Every signal of the process, from its first line to its last.
#[derive(Debug)]
pub struct Telemetry {
    tracer: Tracer,
    metrics: Metrics,
    log: LogSink,
    export: Option<LogExport>,
    push: Option<MetricsPush>,
    pipeline: Option<Pipeline>,
    controls: Arc<Controls>,
    configured: Configured,
    end: OnceLock<Instant>,
}

impl Telemetry {
    /// Installs the log, the recorder and the panic hook for the whole process, once. Waits for no back end.
    ///
    /// # Errors
    ///
    /// A setting that cannot be, or a second call in one process.
    pub fn start(
        about: About,
        environment: &str,
        config: &TelemetryConfig,
    ) -> Result<Self, TelemetryError> {
        Self::start_beside(about, environment, config, Beside::default())
    }

    /// The same, with somebody else who sees every event, or every span.
    ///
    /// # Errors
    ///
    /// As for [`Telemetry::start`].
    pub fn start_beside(
        about: About,
        environment: &str,
        config: &TelemetryConfig,
        beside: Beside,
    ) -> Result<Self, TelemetryError> {
        let checked = Checked::of(config, about, environment)?;
        let beside = beside.obeying(config);
        let configured = Configured::of(config, &checked, &beside);
        let routes = checked.routes(config);
        let follow_parent = checked.sampler.follows_parent();
        let pipeline = Pipeline::start(&routes, beside.spans.as_ref(), follow_parent, config)?;
        let redactor = Redactor::new(config.redact.keys.iter().cloned());
        let export = start_log_export(&checked, config, &redactor)?;
        let metrics_queue = start_metrics_export(&checked, config, &redactor)?;
        // Every setting is good: only now is the process changed.
        let name = config.service.name.as_deref().unwrap_or(about.name);
        let fixed = StaticFields::new(name, environment, about.version);
        let metrics = if config.prometheus.is_enabled {
            Metrics::install(about, &config.prometheus)?
        } else {
            Metrics::off()
        };
        let queues = pipeline.iter().flat_map(Pipeline::queues);
        let queues = queues.chain(export.iter().map(LogExport::queue));
        let queues = queues.chain(metrics_queue.as_deref());
        queues.for_each(Queue::begin_at_zero);
        let push = start_push(&metrics, metrics_queue, config)?;
        let log = start_log(&fixed)?;
        let lines = LogLayer::new(log.clone(), fixed, redactor).export(export.clone());
        let lines = lines.pretty(config.log.format == LogFormat::Pretty);
        let in_force: InForce = Arc::new(ArcSwap::from_pointee(checked.levels.with(&[])));
        let gate = Gate::new(Arc::clone(&in_force), pipeline.is_some());
        install_subscriber(gate, lines, beside.layer, pipeline.as_ref())?;
        panic::install_hook();
        let tracer = pipeline.as_ref().map(|pipeline| pipeline.tracer().clone());
        let tracer = tracer.unwrap_or_else(Tracer::off);
        trace::install(Origin {
            tracer: tracer.clone(),
            propagators: config.otel.propagators,
        });
        let back_ends = pipeline.as_ref().map(Pipeline::back_ends);
        let back_ends = back_ends.unwrap_or_default();
        let controls = Controls::start(checked.levels, in_force, tracer.clone(), back_ends);
        Ok(Self {
            controls: controls.map_err(TelemetryError::Control)?,
            tracer,
            metrics,
            log,
            export,
            push,
            pipeline,
            configured,
            end: OnceLock::new(),
        })
    }

    /// Tells which signals are on, and why.
    pub fn announce(&self) {
        self.configured.announce(self.tracer.sampler().ratio());
    }

    /// What requests trace with.
    pub const fn tracer(&self) -> &Tracer {
        &self.tracer
    }

    /// What an operator may change while the service runs.
    pub fn control(&self) -> Arc<dyn Control> {
        Arc::clone(&self.controls) as Arc<dyn Control>
    }

    /// What `/metrics` renders.
    pub const fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Sends the spans that are waiting, the metrics as they are now, and the lines besides. Blocks for 2.5 s at most: call it
    /// off the runtime's threads. False when some spans were left behind.
    pub fn flush_traces(&self) -> bool {
        let deadline = self.end() - LOG_RESERVE;
        if let Some(push) = &self.push {
            push.close();
        }
        let is_sent = self.flush_spans(deadline);
        if let Some(push) = &self.push
            && push.queue().wait(deadline) > 0
        {
            tracing::warn!("metrics_not_flushed");
        }
        is_sent
    }

    fn flush_spans(&self, deadline: Instant) -> bool {
        let Some(pipeline) = &self.pipeline else {
            return true;
        };
        pipeline.queues().for_each(Queue::close);
        if let Some(export) = &self.export {
            export.queue().hurry();
        }
        pipeline.wait_for_reader(deadline);
        let left: usize = pipeline.queues().map(|queue| queue.wait(deadline)).sum();
        if left > 0 {
            tracing::warn!(message = event::TRACES_NOT_FLUSHED, spans = left);
        }
        left == 0
    }

    /// Writes the lines that are waiting: the last thing a process does. stdout has half a second, an exporter what is left of
    /// the 3 s that all signals have together.
    pub fn flush_log(&self) -> bool {
        let Some(export) = &self.export else {
            return self.log.flush(Instant::now() + LOG_RESERVE);
        };
        export.queue().close();
        let is_written = self.log.flush(Instant::now() + LOG_RESERVE);
        let is_sent = export.queue().wait(self.end()) == 0;
        // What the exporter had to say of it.
        is_written && self.log.flush(Instant::now() + LAST_LINES) && is_sent
    }

    /// When the process has to be gone; it begins with the first flush.
    fn end(&self) -> Instant {
        *self.end.get_or_init(|| Instant::now() + FLUSH_TIMEOUT)
    }
}

/// Lines leave over OTLP too, when that is asked for.
fn start_log_export(
    checked: &Checked,
    config: &TelemetryConfig,
    redactor: &Redactor,
) -> Result<Option<LogExport>, TelemetryError> {
    let Some(target) = checked.logs.target() else {
        return Ok(None);
    };
    let batching = Batching::of_lines(&config.otel);
    let queue = batching.start(target, &checked.resource, redactor)?;
    Ok(Some(LogExport::new(queue)))
}

/// Metrics leave over OTLP too, when that is asked for.
fn start_metrics_export(
    checked: &Checked,
    config: &TelemetryConfig,
    redactor: &Redactor,
) -> Result<Option<Arc<Queue>>, TelemetryError> {
    let Some(target) = checked.metrics.target() else {
        return Ok(None);
    };
    let batching = Batching::of_metrics(&config.otel);
    batching
        .start(target, &checked.resource, redactor)
        .map(Some)
}

fn start_push(
    metrics: &Metrics,
    queue: Option<Arc<Queue>>,
    config: &TelemetryConfig,
) -> Result<Option<MetricsPush>, TelemetryError> {
    let every = Duration::from_millis(config.otel.metric_export_interval.max(1));
    let push = queue.map(|queue| MetricsPush::start(metrics.clone(), queue, every));
    push.transpose().map_err(TelemetryError::Export)
}

fn start_log(fixed: &StaticFields) -> io::Result<LogSink> {
    // A descriptor of its own, unbuffered: `io::stdout` would cut batches at line ends.
    let stdout = std::fs::File::from(io::stdout().as_fd().try_clone_to_owned()?);
    let fixed = fixed.clone();
    LogSink::start(stdout, move |count| dropped_line(&fixed, count))
}

fn install_subscriber(
    gate: Gate,
    lines: LogLayer,
    beside: Option<BesideLayer>,
    pipeline: Option<&Pipeline>,
) -> Result<(), SetGlobalDefaultError> {
    let spans = pipeline.map(|pipeline| {
        let layer = tracing_opentelemetry::layer().with_tracer(pipeline.sdk_tracer());
        layer
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_filter(spans_and_errors())
    });
    let subscriber = Registry::default()
        .with(beside)
        .with(gate)
        .with(lines)
        .with(spans);
    tracing::subscriber::set_global_default(subscriber)
}

/// Of events only errors reach a span, where they set its status: the others are in the log, under the same trace id.
fn spans_and_errors() -> FilterFn {
    let wants: fn(&Metadata<'_>) -> bool =
        |metadata| metadata.is_span() || *metadata.level() == Level::ERROR;
    filter_fn(wants).with_max_level_hint(LevelFilter::TRACE)
}
