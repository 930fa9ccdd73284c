use garde::Validate;
use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use time::OffsetDateTime;
use utoipa::ToSchema;

/// What a caller sends.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewOrder {
    #[garde(length(chars, min = 1, max = 64))]
    #[schema(min_length = 1, max_length = 64)]
    pub product: String,
    #[garde(range(min = 1, max = 1000))]
    #[schema(minimum = 1, maximum = 1000)]
    pub quantity: i64,
}

/// What is stored, cached and told.
#[derive(Debug, Clone, Serialize, Deserialize, FromRow, ToSchema)]
pub struct Order {
    pub id: String,
    #[serde(skip)]
    pub tenant_id: String,
    pub product: String,
    pub quantity: i64,
    pub total_cents: i64,
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

/// A part of the list; without `next_cursor` it is the last one.
#[derive(Debug, Serialize, ToSchema)]
pub struct OrderPage {
    pub orders: Vec<Order>,
    pub next_cursor: Option<String>,
}

impl OrderPage {
    pub fn new(orders: Vec<Order>, limit: i64) -> Self {
        let is_full = i64::try_from(orders.len()) == Ok(limit);
        let next_cursor = orders
            .last()
            .filter(|_| is_full)
            .map(|order| order.id.clone());
        Self {
            orders,
            next_cursor,
        }
    }
}
