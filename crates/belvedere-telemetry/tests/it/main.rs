//! Telemetry as a whole. It installs itself for the whole process: each test has one of its own (cargo-nextest), or plays
//! its part in a child process whose output the test reads.

mod back_ends;
mod clock;
mod collector;
mod config;
mod export;
mod helpers;
mod lines;
mod metrics;
mod metrics_push;
mod output;
mod partial;
mod rotel;
mod span_reader;
mod throttle;
mod tls;
mod traces;
