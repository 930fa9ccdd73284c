//! Users: signing up.

mod error;
mod handlers;
mod model;
mod store;

use axum::{Router, routing::post};

use crate::state::AppState;

pub use error::UserError;
pub use model::{NewUser, User};

/// `/v1/users`.
pub fn router() -> Router<AppState> {
    Router::new().route("/", post(handlers::sign_up))
}
