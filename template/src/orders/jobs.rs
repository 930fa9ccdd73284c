//! What is done outside of requests, and when.

use belvedere::{Delivery, Handler, Job, Jobs};
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use super::OrderError;
use crate::state::Database;

const SOLD_SINCE: &str = "SELECT count(*), CAST(coalesce(sum(total_cents), 0) AS BIGINT) FROM orders WHERE created_at >= $1";

/// Asked for with the order.
#[derive(Debug, Serialize, Deserialize)]
pub struct SendConfirmation {
    pub order_id: String,
}

impl Job for SendConfirmation {
    const NAME: &'static str = "send_confirmation";
    const QUEUE: &'static str = "orders";
}

/// Asked for each night.
#[derive(Debug, Serialize, Deserialize)]
pub struct ReportOrders;

impl Job for ReportOrders {
    const NAME: &'static str = "report_orders";
}

/// Every job, with who does it.
pub fn jobs(database: &Database) -> Jobs {
    let reported = database.clone();
    let report = Handler::new(move |_| report_orders(reported.clone()));
    Jobs::new(database.clone())
        .handle(Handler::new(send_confirmation))
        .handle(report.schedule("0 3 * * *", || ReportOrders))
}

/// Send the mail here. It may run more than once: `job.id` is the same each time.
#[tracing::instrument(skip_all)]
async fn send_confirmation(job: Delivery<SendConfirmation>) -> Result<(), OrderError> {
    tracing::info!(order_id = job.order_id, "order_confirmed");
    Ok(())
}

/// Counts the day's orders.
async fn report_orders(database: Database) -> Result<(), OrderError> {
    let since = OffsetDateTime::now_utc() - Duration::DAY;
    let (orders, total_cents): (i64, i64) = sqlx::query_as(SOLD_SINCE)
        .bind(since)
        .fetch_one(&database)
        .await?;
    tracing::info!(orders, total_cents, "orders_reported");
    Ok(())
}
