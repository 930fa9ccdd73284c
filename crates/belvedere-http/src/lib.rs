#![doc = include_str!("../README.md")]

pub mod admin;
pub mod client;
mod config;
pub mod deadline;
pub mod extract;
mod gate;
mod health;
mod identity;
pub mod limits;
mod nest;
pub mod observe;
pub mod openapi;
mod problem;
pub mod protect;
mod rate;
pub mod server;

pub use client::{NoUpstreamUrl, Upstream, UpstreamConfig, UpstreamError, UpstreamUrl};
pub use config::{AdminConfig, GrpcConfig, HttpConfig};
pub use health::routes as health_routes;
pub use identity::{AuthConfig, Caller, Callers, Jwks, RequireCaller};
pub use nest::nest_service;
pub use observe::{Observe, ObserveLayer};
pub use problem::{
    Failure, FieldError, Problem, ProblemParts, fallbacks, method_not_allowed_problems,
    no_such_route_problem,
};
pub use rate::{InProcess, RateLimit, rate_limits};
pub use server::{Peer, Server};
