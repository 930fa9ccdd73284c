use belvedere::{Boot, BootError, ConfigError, Upstream};
use serde::Serialize;

use super::{Order, OrderError};
use crate::config::Settings;

/// The simulated gateway refuses more than this, so that a refusal can be tried.
const SIMULATED_LIMIT_CENTS: i64 = 100_000;

/// Takes the money.
#[derive(Debug, Clone)]
pub enum Gateway {
    Http(Upstream),
    Simulated,
}

#[derive(Debug, Serialize)]
struct Charge {
    amount_cents: i64,
}

impl Gateway {
    /// The gateway at `PAYMENTS__URL`. Simulated only where nobody is sold anything.
    pub fn connect(boot: &Boot<Settings>) -> Result<Self, BootError> {
        let payments = &boot.config().app.payments;
        match payments.url {
            Some(_) => Ok(Self::Http(Upstream::new("payments", payments)?)),
            None if boot.is_development() => Ok(Self::Simulated),
            None => Err(ConfigError::new(
                "PAYMENTS__URL",
                "is not set; only in development the gateway is simulated",
            )
            .into()),
        }
    }

    pub async fn charge(&self, order: &Order) -> Result<(), OrderError> {
        match self {
            Self::Http(upstream) => charge_upstream(upstream, order).await,
            Self::Simulated if order.total_cents > SIMULATED_LIMIT_CENTS => {
                Err(OrderError::PaymentRefused)
            }
            Self::Simulated => Ok(()),
        }
    }
}

async fn charge_upstream(upstream: &Upstream, order: &Order) -> Result<(), OrderError> {
    let charge = Charge {
        amount_cents: order.total_cents,
    };
    // The gateway charges once for each key, so the call may be repeated.
    let call = upstream.post("charges").json(&charge);
    let call = call.idempotency_key(&order.id);
    let answer = call.send().await.map_err(OrderError::GatewayDown)?;
    match answer.status().as_u16() {
        200..300 => Ok(()),
        402 => Err(OrderError::PaymentRefused),
        status => Err(OrderError::GatewayBroken(status)),
    }
}
