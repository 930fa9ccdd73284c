//! The gRPC listener, where there is one.

use belvedere_core::{Health, Shutdown};
use belvedere_http::{
    GrpcConfig, Observe,
    server::{Limits, Tls},
};

use crate::routes::Gates;

#[cfg(feature = "grpc")]
mod on;
#[cfg(feature = "grpc")]
pub(crate) use on::{Grpc, conventions};

#[cfg(not(feature = "grpc"))]
mod off;
#[cfg(not(feature = "grpc"))]
pub(crate) use off::Grpc;

/// What it shares with the other listeners.
#[cfg_attr(
    not(feature = "grpc"),
    expect(dead_code, reason = "there is no listener to share it with")
)]
pub(crate) struct Beside<'s> {
    pub(crate) config: &'s GrpcConfig,
    pub(crate) is_development: bool,
    pub(crate) observe: &'s Observe,
    pub(crate) health: &'s Health,
    pub(crate) shutdown: &'s Shutdown,
    pub(crate) gates: &'s Gates,
    pub(crate) limits: Limits,
    pub(crate) tls: Option<Tls>,
}
