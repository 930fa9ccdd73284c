use axum::{extract::State, http::StatusCode};
use belvedere::{
    Caller, Problem,
    extract::{Json, PageRequest, Path, Query, Valid},
};
use uuid::Uuid;

use super::{NewOrder, Order, OrderError, OrderPage, process::process_order, store};
use crate::{
    metrics::{self, Endpoint},
    state::AppState,
};

/// Places an order: takes it out of stock, and the money.
#[utoipa::path(post, path = "/", request_body = NewOrder, responses((status = 201, body = Order), (status = 402), (status = 409)))]
pub async fn place(
    State(state): State<AppState>,
    Caller(caller): Caller,
    Valid(Json(new)): Valid<Json<NewOrder>>,
) -> Result<(StatusCode, Json<Order>), Problem> {
    metrics::api_calls_total(&caller.tenant_id, Endpoint::PlaceOrder).increment(1);
    let order = process_order(&state, &caller, new).await?;
    Ok((StatusCode::CREATED, Json(order)))
}

/// Reads an order, through the cache.
#[utoipa::path(get, path = "/{id}", params(("id" = Uuid, Path)), responses((status = 200, body = Order), (status = 404)))]
pub async fn read(
    State(state): State<AppState>,
    Caller(caller): Caller,
    Path(id): Path<Uuid>,
) -> Result<Json<Order>, Problem> {
    metrics::api_calls_total(&caller.tenant_id, Endpoint::ReadOrder).increment(1);
    let order = store::read(&state, &caller.tenant_id, &id.to_string()).await?;
    Ok(Json(order))
}

/// Lists orders, the newest first.
#[utoipa::path(get, path = "/", params(PageRequest), responses((status = 200, body = OrderPage)))]
pub async fn list(
    State(state): State<AppState>,
    Caller(caller): Caller,
    Valid(Query(page)): Valid<Query<PageRequest>>,
) -> Result<Json<OrderPage>, Problem> {
    metrics::api_calls_total(&caller.tenant_id, Endpoint::ListOrders).increment(1);
    let orders = store::page(&state.database, &caller.tenant_id, &page)
        .await
        .map_err(OrderError::Store)?;
    Ok(Json(OrderPage::new(orders, page.limit)))
}
