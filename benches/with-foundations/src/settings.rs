//! Its settings, from the variables that all sides are started with.

use std::net::SocketAddr;
use std::path::PathBuf;

use foundations::BootstrapResult;
use foundations::addr::ListenAddr;
use foundations::telemetry::settings::{
    ActiveSamplingSettings, LogFormat, LogOutput, LoggingSettings, OpenTelemetryGrpcOutputSettings,
    SamplingStrategy, TelemetryServerSettings, TelemetrySettings, TracesOutput, TracingSettings,
};

pub(crate) fn variable(name: &str, otherwise: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| otherwise.to_owned())
}

pub(crate) fn from_environment() -> BootstrapResult<TelemetrySettings> {
    let admin: SocketAddr = variable("ADMIN__ADDR", "127.0.0.1:0").parse()?;
    Ok(TelemetrySettings {
        tracing: traces()?,
        logging: lines(),
        server: TelemetryServerSettings {
            enabled: true,
            addr: ListenAddr::Tcp(admin),
        },
        ..TelemetrySettings::default()
    })
}

fn traces() -> BootstrapResult<TracingSettings> {
    let output = OpenTelemetryGrpcOutputSettings {
        endpoint_url: variable("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4317"),
        ..OpenTelemetryGrpcOutputSettings::default()
    };
    let sampling = ActiveSamplingSettings {
        sampling_ratio: variable("OTEL_TRACES_SAMPLER_ARG", "1").parse()?,
        ..ActiveSamplingSettings::default()
    };
    Ok(TracingSettings {
        enabled: true,
        output: TracesOutput::OpenTelemetryGrpc(output),
        sampling_strategy: SamplingStrategy::Active(sampling),
        ..TracingSettings::default()
    })
}

fn lines() -> LoggingSettings {
    LoggingSettings {
        // Which is a file where the harness starts it.
        output: std::env::var_os("LOG_FILE").map_or(LogOutput::Terminal, |path| {
            LogOutput::File(PathBuf::from(path))
        }),
        format: LogFormat::Json,
        ..LoggingSettings::default()
    }
}
