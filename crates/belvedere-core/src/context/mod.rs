//! The request's context: ids, verdict and identity, carried by the task.

mod held;
mod log_fields;
mod new_request;
mod request_context;
mod scope;
#[cfg(test)]
mod tests;
mod time_spent;

pub use log_fields::Route;
pub use new_request::NewRequest;
pub use request_context::{Identity, RequestContext};
pub use scope::Scope;
pub(crate) use scope::{carry, carry_along, carry_along_blocking, carry_blocking};
pub use time_spent::TimeSpent;
