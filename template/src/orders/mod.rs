//! Orders: placing and reading them.

mod error;
{%- if grpc %}
mod grpc;
{%- endif %}
mod handlers;
{%- if jobs %}
mod jobs;
{%- endif %}
mod model;
mod payments;
mod process;
mod store;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::state::AppState;

pub use error::OrderError;
{%- if grpc %}
pub use grpc::{pb, services};
{%- endif %}
{%- if jobs %}
pub use jobs::jobs;
{%- endif %}
pub use model::{NewOrder, Order, OrderPage};
pub use payments::Gateway;

/// `/v1/orders`.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::default()
        .routes(routes!(handlers::list, handlers::place))
        .routes(routes!(handlers::read))
}
