//! Dev-only: run a Belvedere service in a test and look at what it leaves behind.

mod captured;
mod otlp;
mod postgres;
mod service;

pub use captured::{CapturedSpan, CapturedSpans};
pub use otlp::{OtlpSink, ReceivedSpan};
pub use postgres::{PostgresError, ThrowAwayPostgres};
pub use service::{Answer, Caller, ServiceError, TestService, TestServiceBuilder};
