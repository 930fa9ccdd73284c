//! From a wish to an order: each step is a span of its own below `process_order`.

{% if jobs -%}
use belvedere::{Identity, capture_span, enqueue};
{%- else -%}
use belvedere::{Identity, capture_span};
{%- endif %}
use time::OffsetDateTime;
use uuid::Uuid;

{% if jobs -%}
use super::{NewOrder, Order, OrderError, jobs::SendConfirmation, store};
{%- else -%}
use super::{NewOrder, Order, OrderError, store};
{%- endif %}
use crate::{metrics, state::AppState};

#[capture_span(fields(product = new.product, quantity = new.quantity))]
pub async fn process_order(
    state: &AppState,
    caller: &Identity,
    new: NewOrder,
) -> Result<Order, OrderError> {
    let price_cents = validate_inventory(state, &new).await?;
    let order = Order {
        id: Uuid::now_v7().to_string(),
        tenant_id: caller.tenant_id.to_string(),
        total_cents: price_cents * new.quantity,
        product: new.product,
        quantity: new.quantity,
        // As precise as the database keeps it.
        created_at: OffsetDateTime::now_utc().truncate_to_microsecond(),
    };
    if let Err(refusal) = charge_payment(state, &order).await {
        store::release(&state.database, &order.product, order.quantity).await?;
        return Err(refusal);
    }
    save_order(state, &order).await?;
    metrics::revenue_total_usd(&order.tenant_id, &order.product).add_cents(order.total_cents);
{%- unless jobs %}
    belvedere::spawn(send_confirmation(order.clone()));
{%- endunless %}
    Ok(order)
}

/// Takes the quantity out of stock, so that nobody else can sell it while the payment runs. Returns the price.
#[capture_span]
async fn validate_inventory(state: &AppState, new: &NewOrder) -> Result<i64, OrderError> {
    if let Some(price_cents) = store::reserve(&state.database, &new.product, new.quantity).await? {
        return Ok(price_cents);
    }
    match store::product_exists(&state.database, &new.product).await? {
        true => Err(OrderError::OutOfStock),
        false => Err(OrderError::UnknownProduct),
    }
}

#[capture_span]
async fn charge_payment(state: &AppState, order: &Order) -> Result<(), OrderError> {
    let charged = state.payments.charge(order).await;
    if let Some(failure) = charged.as_ref().err().and_then(OrderError::payment_failure) {
        metrics::payments_failed_total(failure).increment(1);
    }
    charged
}

{% if jobs -%}
/// The order, and what is to be done when it is there: both or neither.
#[capture_span]
async fn save_order(state: &AppState, order: &Order) -> Result<(), OrderError> {
    let mut tx = state.database.begin().await?;
    store::insert(&mut tx, order).await?;
    let confirmation = SendConfirmation {
        order_id: order.id.clone(),
    };
    enqueue(&confirmation).key(&order.id).on(&mut tx).await?;
    Ok(tx.commit().await?)
}
{%- else -%}
#[capture_span]
async fn save_order(state: &AppState, order: &Order) -> Result<(), OrderError> {
    Ok(store::insert(&state.database, order).await?)
}

/// Runs beside the request and outlives it. Send the mail here.
#[capture_span]
async fn send_confirmation(order: Order) {
    tracing::info!(order_id = order.id, "order_confirmed");
}
{%- endif %}
