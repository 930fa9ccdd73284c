#![doc = include_str!("../README.md")]

mod called;
mod client;
mod code;
mod guard;
mod health;
mod methods;
mod observe;
mod series;
mod services;
mod status;
mod timeout;

pub use belvedere_http::GrpcConfig;
pub use called::{caller, valid};
pub use client::Channel;
pub use guard::{Guard, GuardLayer, GuardedBody};
pub use observe::{Call, Grpc, RpcConventions};
pub use services::{Described, ServiceError, Services, no_such_service};
pub use status::status;
