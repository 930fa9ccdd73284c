use belvedere::extract::PageRequest;
use sqlx::Executor;
{%- if grpc %}
use time::{Duration, OffsetDateTime};
use uuid::{NoContext, Timestamp, Uuid};
{%- endif %}

use super::{Order, OrderError};
use crate::state::{AppState, Database, Driver};

type Result<T, E = sqlx::Error> = std::result::Result<T, E>;

/// Takes `quantity` out of stock if there is as much, and returns the price in cents.
pub async fn reserve(database: &Database, product: &str, quantity: i64) -> Result<Option<i64>> {
    sqlx::query_scalar("UPDATE products SET stock = stock - $1 WHERE name = $2 AND stock >= $1 RETURNING price_cents")
        .bind(quantity)
        .bind(product)
        .fetch_optional(database)
        .await
}

pub async fn release(database: &Database, product: &str, quantity: i64) -> Result<()> {
    sqlx::query("UPDATE products SET stock = stock + $1 WHERE name = $2")
        .bind(quantity)
        .bind(product)
        .execute(database)
        .await
        .map(drop)
}

pub async fn product_exists(database: &Database, product: &str) -> Result<bool> {
    let query = sqlx::query_scalar::<_, String>("SELECT name FROM products WHERE name = $1");
    let name = query.bind(product).fetch_optional(database).await?;
    Ok(name.is_some())
}

/// On the database or in a transaction.
pub async fn insert(to: impl Executor<'_, Database = Driver>, order: &Order) -> Result<()> {
    sqlx::query(
        "INSERT INTO orders (id, tenant_id, product, quantity, total_cents, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(&order.id)
    .bind(&order.tenant_id)
    .bind(&order.product)
    .bind(order.quantity)
    .bind(order.total_cents)
    .bind(order.created_at)
    .execute(to)
    .await
    .map(drop)
}

/// Through the cache.
pub async fn read(state: &AppState, tenant_id: &str, id: &str) -> Result<Order, OrderError> {
    let load = async {
        let found = find(&state.database, tenant_id, id).await?;
        found.ok_or(OrderError::NotFound)
    };
    let key = format!("{tenant_id}/{id}");
    state.orders.get_or_load(&key, load).await
}

async fn find(database: &Database, tenant_id: &str, id: &str) -> Result<Option<Order>> {
    sqlx::query_as("SELECT * FROM orders WHERE tenant_id = $1 AND id = $2")
        .bind(tenant_id)
        .bind(id)
        .fetch_optional(database)
        .await
}

/// Ids are UUIDv7, so their order is that of time: the newest first.
pub async fn page(database: &Database, tenant_id: &str, page: &PageRequest) -> Result<Vec<Order>> {
    // Greater than any id.
    let before = page.cursor.as_deref().unwrap_or("g");
    sqlx::query_as(
        "SELECT * FROM orders WHERE tenant_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3",
    )
    .bind(tenant_id)
    .bind(before)
    .bind(page.limit)
    .fetch_all(database)
    .await
}
{%- if grpc %}

/// Those of the last half a minute, the oldest first; the last thousand of them, if there are more.
pub async fn recent(database: &Database, tenant_id: &str) -> Result<Vec<Order>> {
    let since = OffsetDateTime::now_utc() - Duration::seconds(30);
    let since = Timestamp::from_unix(NoContext, since.unix_timestamp().cast_unsigned(), 0);
    let mut orders: Vec<Order> = sqlx::query_as(
        "SELECT * FROM orders WHERE tenant_id = $1 AND id > $2 ORDER BY id DESC LIMIT 1000",
    )
    .bind(tenant_id)
    .bind(Uuid::new_v7(since).to_string())
    .fetch_all(database)
    .await?;
    orders.reverse();
    Ok(orders)
}
{%- endif %}
