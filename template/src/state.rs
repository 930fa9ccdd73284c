//! What handlers share.

{% if grpc -%}
use belvedere::{Cache, Shutdown};
{%- else -%}
use belvedere::Cache;
{%- endif %}

use crate::orders::{Gateway, Order};

/// The database this service was generated for.
{%- if database == "sqlite" %}
pub type Driver = sqlx::Sqlite;
{%- else %}
pub type Driver = sqlx::Postgres;
{%- endif %}

/// The watched pool.
pub type Database = belvedere::sql::Db<Driver>;

/// Cheap to clone: every part is a handle.
#[derive(Debug, Clone)]
pub struct AppState {
    pub database: Database,
    pub orders: Cache<Order>,
    pub payments: Gateway,
{%- if grpc %}
    pub shutdown: Shutdown,
{%- endif %}
}
