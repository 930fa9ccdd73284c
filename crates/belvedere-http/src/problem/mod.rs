//! Errors as callers see them (RFC 9457), and as the log sees them.

mod fallback;
mod render;
mod types;

pub use fallback::{fallbacks, method_not_allowed_problems, no_such_route_problem};
pub use types::{Failure, FieldError, Problem, ProblemParts};
