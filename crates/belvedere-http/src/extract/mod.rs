//! Extractors that refuse as problems, naming the field.
//!
//! They are axum's own, or stand beside them, under the same names:
//!
//! ```
//! use belvedere_http::extract::{Json, Valid};
//! use garde::Validate;
//! use serde::Deserialize;
//!
//! #[derive(Deserialize, Validate)]
//! struct NewUser {
//!     #[garde(email)]
//!     email: String,
//! }
//!
//! async fn create(Valid(Json(user)): Valid<Json<NewUser>>) -> String {
//!     user.email
//! }
//! ```

mod field;
mod json;
mod page;
mod path;
mod query;
mod valid;

pub use json::Json;
pub use page::PageRequest;
pub use path::Path;
pub use query::Query;
pub use valid::{Inspect, Valid, check};
