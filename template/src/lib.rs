//! The domain: one folder each, put together here.

pub mod config;
pub mod metrics;
pub mod orders;
pub mod state;
pub mod users;

use sqlx::migrate::Migrator;
use utoipa_axum::router::OpenApiRouter;

use state::AppState;

/// The schema, in steps. `<service> migrate` runs them; in development the start does.
pub static MIGRATIONS: Migrator = sqlx::migrate!("migrations/{{database}}");

/// Every route of the service. `main` mounts them for callers who say for whom they ask.
pub fn router(state: AppState) -> OpenApiRouter {
    OpenApiRouter::default()
        .nest("/v1/users", users::router())
        .nest("/v1/orders", orders::router())
        .with_state(state)
}
