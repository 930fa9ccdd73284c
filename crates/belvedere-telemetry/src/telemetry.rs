use std::{
    io,
    os::fd::AsFd,
    sync::Arc,
    time::{Duration, Instant},
};

use arc_swap::ArcSwap;
use belvedere_core::{
    About, Control, Redactor,
    config::{ConfigError, Problems},
    names::event,
    trace::{Sampler, Tracer},
};
use tracing::{Level, Metadata, level_filters::LevelFilter, subscriber::SetGlobalDefaultError};
use tracing_subscriber::{
    Layer, Registry,
    filter::{FilterFn, filter_fn},
    layer::SubscriberExt,
};

use crate::{
    LogFormat, LogLayer, LogSink, Metrics, StaticFields, TelemetryConfig,
    control::Controls,
    filter::{Gate, InForce},
    levels::Levels,
    log::dropped_line,
    metrics::MetricsError,
    otlp::{Destination, Signal},
    panic,
    traces::{Pipeline, resource, sampler},
};

/// All signals together have this long to leave the process at its end.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(3);
/// Of it, what the log keeps for itself, so that it can tell of the others.
const LOG_RESERVE: Duration = Duration::from_millis(500);

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
    pipeline: Option<Pipeline>,
    controls: Arc<Controls>,
    configured: Configured,
}

/// Which signals are on, and why: for `telemetry_configured`.
#[derive(Debug)]
struct Configured {
    logs: String,
    traces: String,
    metrics: &'static str,
    sampler: String,
}

impl Telemetry {
    /// Installs the log, the recorder and the panic hook for the whole process, once. Called on a Tokio runtime, which
    /// the gRPC exporter uses. Waits for no back end.
    ///
    /// # Errors
    ///
    /// A setting that cannot be, or a second call in one process.
    pub fn start(
        about: About,
        environment: &str,
        config: &TelemetryConfig,
    ) -> Result<Self, TelemetryError> {
        let Checked {
            traces,
            sampler,
            levels,
        } = Checked::of(config, environment)?;
        let resource = resource(config, about, environment);
        let pipeline = Pipeline::start(&traces, config, resource, sampler)?;
        // Every setting is good: only now is the process changed.
        let name = config.service.name.as_deref().unwrap_or(about.name);
        let fixed = StaticFields::new(name, environment, about.version);
        let metrics = if config.prometheus.is_enabled {
            Metrics::install(about)?
        } else {
            Metrics::off()
        };
        let log = start_log(&fixed)?;
        let redactor = Redactor::new(config.redact.keys.iter().cloned());
        let lines = LogLayer::new(log.clone(), fixed, redactor);
        let lines = lines.pretty(config.log.format == LogFormat::Pretty);
        let in_force: InForce = Arc::new(ArcSwap::from_pointee(levels.with(&[])));
        let gate = Gate::new(Arc::clone(&in_force), pipeline.is_some());
        install_subscriber(gate, lines, pipeline.as_ref())?;
        panic::install_hook();
        let tracer = pipeline.as_ref().map(|pipeline| pipeline.tracer().clone());
        let tracer = tracer.unwrap_or_else(Tracer::off);
        let controls = Controls::start(levels, in_force, tracer.clone());
        Ok(Self {
            controls: controls.map_err(TelemetryError::Control)?,
            tracer,
            metrics,
            log,
            pipeline,
            configured: Configured::of(config, &traces),
        })
    }

    /// Tells which signals are on, and why.
    pub fn announce(&self) {
        let Configured {
            logs,
            traces,
            metrics,
            sampler,
        } = &self.configured;
        let ratio = self.tracer.sampler().ratio();
        tracing::info!(
            message = event::TELEMETRY_CONFIGURED,
            logs,
            traces,
            metrics,
            sampler,
            ratio
        );
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

    /// Sends the spans that are waiting. Blocks for 2.5 s at most: call it off the runtime's threads. False when some were
    /// left behind.
    pub fn flush_traces(&self) -> bool {
        let Some(pipeline) = &self.pipeline else {
            return true;
        };
        let flushed = pipeline.shutdown(FLUSH_TIMEOUT - LOG_RESERVE);
        if let Err(error) = &flushed {
            tracing::warn!(error = %error, "traces_not_flushed");
        }
        flushed.is_ok()
    }

    /// Writes the lines that are waiting: the last thing a process does. Blocks for half a second at most.
    pub fn flush_log(&self) -> bool {
        self.log.flush(Instant::now() + LOG_RESERVE)
    }
}

/// Settings that are more than their type says.
struct Checked {
    traces: Destination,
    sampler: Sampler,
    levels: Levels,
}

impl Checked {
    /// Every problem at once.
    fn of(config: &TelemetryConfig, environment: &str) -> Result<Self, ConfigError> {
        let mut problems = Problems::default();
        let traces = problems.take(Destination::of(Signal::Traces, &config.otel));
        let sampler = problems.take(sampler(&config.otel, environment));
        let levels = problems.take(Levels::parse(&config.log.level, config.log.wire));
        match (traces, sampler, levels) {
            (Some(traces), Some(sampler), Some(levels)) => Ok(Self {
                traces,
                sampler,
                levels,
            }),
            _ => Err(problems.into()),
        }
    }
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
    let subscriber = Registry::default().with(gate).with(lines).with(spans);
    tracing::subscriber::set_global_default(subscriber)
}

/// Of events only errors reach a span, where they set its status: the others are in the log, under the same trace id.
fn spans_and_errors() -> FilterFn {
    let wants: fn(&Metadata<'_>) -> bool =
        |metadata| metadata.is_span() || *metadata.level() == Level::ERROR;
    filter_fn(wants).with_max_level_hint(LevelFilter::TRACE)
}

impl Configured {
    fn of(config: &TelemetryConfig, traces: &Destination) -> Self {
        let format = if config.log.format == LogFormat::Json {
            "json"
        } else {
            "pretty"
        };
        Self {
            logs: format!("on: {format} to stdout at {}", config.log.level),
            traces: traces.describe(),
            metrics: if config.prometheus.is_enabled {
                "on: prometheus"
            } else {
                "off: PROMETHEUS__IS_ENABLED is false"
            },
            sampler: config.otel.traces_sampler.clone(),
        }
    }
}
