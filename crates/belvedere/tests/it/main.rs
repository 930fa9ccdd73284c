//! A service from its start to its end, as its operator sees it: the real binaries of the examples.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed, and says where"
)]

mod balancer;
#[cfg(all(feature = "postgres", feature = "sentry"))]
mod canary;
mod captured;
mod cardinality;
mod control;
mod dotenv;
mod flush;
#[cfg(all(feature = "grpc", feature = "sqlite"))]
mod grpc;
mod helpers;
#[cfg(feature = "postgres")]
mod hung;
mod identity;
#[cfg(all(feature = "jobs", feature = "postgres", feature = "sentry"))]
mod jobs;
mod kept;
mod life;
mod limits;
#[cfg(all(feature = "profiling", feature = "heap-profiling"))]
mod profiles;
#[cfg(feature = "postgres")]
mod prometheus;
mod propagation;
mod public_paths;
mod redis;
mod relay;
mod runbooks;
mod scrape;
#[cfg(feature = "sentry")]
mod sentry;
#[cfg(all(feature = "postgres", feature = "sentry"))]
mod sentry_statements;
#[cfg(feature = "sentry")]
mod sentry_traces;
#[cfg(feature = "postgres")]
mod sql;
mod start;
mod stdout;
mod tls;
mod troubleshooting;
mod wedged;
mod working;
