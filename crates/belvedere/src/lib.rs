#![doc = include_str!("../README.md")]

mod admin;
mod background;
mod boot;
mod command;
mod config;
mod entry;
mod error;
mod errors;
mod jobs;
mod life;
mod profiles;
mod routes;
mod rpc;
mod service;

#[doc(hidden)]
pub use belvedere_core::__private;
pub use belvedere_core::{
    About, AsFailure, BoxFuture, CheckFailure, ConnectionUrl, Failure, Health, HealthCheck,
    Identity, JoinSet, RequestContext, Secret, Shutdown, Supervised,
    config::{ConfigError, Seconds},
    critical, declare_metrics, metrics, names, settings, spawn, spawn_blocking, task, trace,
};
pub use belvedere_http::{
    Caller, Callers, FieldError, Problem, RequireCaller, Upstream, UpstreamConfig, UpstreamError,
    client, extract, limits, nest_service, observe, protect, server,
};
pub use belvedere_macros::{Label, capture_span, capture_transaction};
pub use belvedere_redis::{Cache, Redis, RedisFailed};
pub use belvedere_sql as sql;
pub use belvedere_telemetry::Telemetry;
pub use boot::Boot;
pub use config::{Config, JobsConfig, NoSettings, ShutdownConfig, StartupConfig};
pub use entry::main;
pub use error::BootError;
pub use errors::SentryConfig;
#[cfg(feature = "jobs")]
pub use jobs::{Delivery, Enqueue, Enqueued, Handler, Job, Jobs, JobsError, enqueue};
pub use life::Stopped;
pub use service::{Bound, Service};

/// gRPC services, and failures as they tell them; see docs/GRPC.md.
#[cfg(feature = "grpc")]
pub use belvedere_grpc as grpc;

/// The allocator that `/profile/heap` can look into; see docs/PROFILES.md.
#[cfg(feature = "heap-profiling")]
pub use belvedere_heap::Jemalloc;

/// Name and version of the crate that calls it, from Cargo, and the commit, from `GIT_COMMIT` where the build sets it.
#[macro_export]
macro_rules! about {
    () => {
        $crate::About::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
            .commit(option_env!("GIT_COMMIT"))
    };
}
