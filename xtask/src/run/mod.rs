//! Running other programs: cargo, a service, an HTTP request.

pub(crate) mod command;
pub(crate) mod http;
pub(crate) mod output;
pub(crate) mod prometheus;
pub(crate) mod rpc;
pub(crate) mod service;

/// Announces the next step.
pub(crate) fn step(header: &str) {
    println!("==> {header}");
}
