//! Users: signing up.

mod handlers;
mod model;
mod store;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::state::AppState;

pub use model::{NewUser, User};

/// `/v1/users`.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::default().routes(routes!(handlers::sign_up))
}
