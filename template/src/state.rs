//! What handlers share.

use belvedere::Cache;

use crate::orders::{Gateway, Order};

/// The database this service was generated for.
{%- if database == "sqlite" %}
pub type Database = belvedere::sql::Db<sqlx::Sqlite>;
{%- else %}
pub type Database = belvedere::sql::Db<sqlx::Postgres>;
{%- endif %}

/// Cheap to clone: every part is a handle.
#[derive(Debug, Clone)]
pub struct AppState {
    pub database: Database,
    pub orders: Cache<Order>,
    pub payments: Gateway,
}
