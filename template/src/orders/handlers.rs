use axum::{extract::State, http::StatusCode};
use belvedere::{
    Caller, Problem,
    extract::{Json, Path, Query, Valid},
};
use uuid::Uuid;

use super::{
    NewOrder, Order, OrderError, OrderPage, model::PageRequest, process::process_order, store,
};
use crate::state::AppState;

/// `POST /v1/orders`: 201, 409 out of stock, 402 payment refused, 503 gateway down.
pub async fn place(
    State(state): State<AppState>,
    Caller(caller): Caller,
    Valid(Json(new)): Valid<Json<NewOrder>>,
) -> Result<(StatusCode, Json<Order>), Problem> {
    let order = process_order(&state, &caller, new).await?;
    Ok((StatusCode::CREATED, Json(order)))
}

/// `GET /v1/orders/{id}`, through the cache.
pub async fn read(
    State(state): State<AppState>,
    Caller(caller): Caller,
    Path(id): Path<Uuid>,
) -> Result<Json<Order>, Problem> {
    let id = id.to_string();
    let key = format!("{}/{id}", caller.tenant_id);
    let load = async {
        store::find(&state.database, &caller.tenant_id, &id)
            .await?
            .ok_or(OrderError::NotFound)
    };
    Ok(Json(state.orders.get_or_load(&key, load).await?))
}

/// `GET /v1/orders?limit&cursor`, the newest first.
pub async fn list(
    State(state): State<AppState>,
    Caller(caller): Caller,
    Valid(Query(page)): Valid<Query<PageRequest>>,
) -> Result<Json<OrderPage>, Problem> {
    let orders = store::page(&state.database, &caller.tenant_id, &page)
        .await
        .map_err(OrderError::Store)?;
    Ok(Json(OrderPage::new(orders, page.limit)))
}
