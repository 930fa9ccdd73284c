#![doc = include_str!("../README.md")]

mod called;
mod client;
mod code;
mod guard;
mod health;
mod methods;
mod observe;
mod problem;
mod series;
mod served;
mod services;
mod status;
mod timeout;

pub use belvedere_http::GrpcConfig;
pub use called::{caller, valid};
pub use client::Channel;
pub use guard::{Guard, GuardLayer, GuardedBody};
pub use observe::{Call, Grpc, RpcConventions};
pub use problem::problem;
pub use served::{Guarded, Served};
pub use services::{Described, ServiceError, Services};
pub use status::status;
