//! Errors as callers see them (RFC 9457), and as the log sees them.

mod fallback;
mod render;
mod types;

pub use fallback::fallbacks;
pub(crate) use types::Failure;
pub use types::{FieldError, Problem};
