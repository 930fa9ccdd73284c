//! The real server on a real socket, and what is left of each request in the log, the metrics and the spans.
//!
//! Every test is a process of its own (cargo-nextest): the recorder and the subscriber are the process's.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed, and says where"
)]

mod aborts;
mod answers;
mod bodies;
mod completion;
mod crowds;
mod descriptors;
mod drain;
mod extractors;
mod forged;
mod handed_back;
mod harness;
mod heads;
mod http2;
mod identity;
mod ids;
mod limits;
mod mixed;
mod nested;
mod plain_axum;
mod probes;
mod propagation;
mod rate;
mod series;
mod sheds;
mod spawned;
mod stalls;
mod tls;
mod traces;
mod upstream;
