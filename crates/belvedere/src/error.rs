use std::{error::Error, io, net::SocketAddr};

use belvedere_core::config::ConfigError;
use belvedere_http::UpstreamError;
use belvedere_sql::ConnectError;
use belvedere_telemetry::TelemetryError;

/// Why a service did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BootError {
    /// Something is set wrongly: exit code 78.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The database cannot be reached.
    #[error(transparent)]
    Database(#[from] ConnectError),
    /// Redis cannot be reached, and is required.
    #[error(transparent)]
    Redis(#[from] belvedere_redis::ConnectError),
    /// The schema could not be brought up to date.
    #[error("the migrations did not run")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// Telemetry could not be started.
    #[error(transparent)]
    Telemetry(#[from] TelemetryError),
    /// A listener could not be bound.
    #[error("the {listener} listener cannot have {addr}; free it, or set {variable}")]
    Bind {
        /// `http` or `admin`.
        listener: &'static str,
        /// What it was to have.
        addr: SocketAddr,
        /// What changes it.
        variable: &'static str,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The operating system refused a thread or a signal handler.
    #[error("the runtime did not start")]
    Runtime(#[from] io::Error),
    /// An upstream cannot be called.
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
    /// The service's own reason.
    #[error(transparent)]
    Other(#[from] Box<dyn Error + Send + Sync>),
    /// The command has done its work: not a failure.
    #[error("finished")]
    Finished,
}

impl BootError {
    /// Whether it is a setting that is wrong: `EX_CONFIG`.
    pub(crate) const fn is_setting(&self) -> bool {
        match self {
            Self::Config(_) => true,
            Self::Database(error) => error.is_setting(),
            Self::Redis(error) => error.is_setting(),
            Self::Upstream(error) => error.is_setting(),
            _ => false,
        }
    }
}
