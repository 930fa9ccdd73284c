//! Users: signing up.

mod error;
mod handlers;
mod model;
mod store;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::state::AppState;

pub use error::UserError;
pub use model::{NewUser, User};

/// `/v1/users`.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::default().routes(routes!(handlers::sign_up))
}
