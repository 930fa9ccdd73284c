//! Orders: placing and reading them.

mod error;
mod handlers;
mod model;
mod payments;
mod process;
mod store;

use axum::{Router, routing::get};

use crate::state::AppState;

pub use error::OrderError;
pub use model::{NewOrder, Order, OrderPage};
pub use payments::Gateway;

/// `/v1/orders`.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/", get(handlers::list).post(handlers::place))
        .route("/{id}", get(handlers::read))
}
