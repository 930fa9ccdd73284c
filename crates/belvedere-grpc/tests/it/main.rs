//! The real accept loop on a real socket, and what is left of each call in the log, the metrics and the spans.
//!
//! Every test is a process of its own (cargo-nextest): the recorder and the subscriber are the process's.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed, and says where"
)]

mod calls;
mod cardinality;
mod client;
mod errors;
mod foreign;
mod harness;
mod health;
mod life;
mod propagation;
mod retries;
mod streams;
