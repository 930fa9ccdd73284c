use std::time::Duration;

use belvedere::{AsFailure, Failure, UpstreamError, sql};

use crate::metrics::PaymentFailure;

/// Why there is no order.
#[derive(Debug, thiserror::Error)]
pub enum OrderError {
    #[error("there is no such order")]
    NotFound,
    #[error("there is no such product")]
    UnknownProduct,
    #[error("the product is out of stock")]
    OutOfStock,
    #[error("the payment was refused")]
    PaymentRefused,
    #[error("the payment gateway is down")]
    GatewayDown(#[source] UpstreamError),
    #[error("the payment gateway answered {0}")]
    GatewayBroken(u16),
    #[error("the orders could not be read or written")]
    Store(#[from] sqlx::Error),
}

impl OrderError {
    /// What to count, where it is the payment that failed.
    pub fn payment_failure(&self) -> Option<PaymentFailure> {
        match self {
            Self::PaymentRefused => Some(PaymentFailure::Refused),
            Self::GatewayDown(_) => Some(PaymentFailure::GatewayDown),
            Self::GatewayBroken(_) => Some(PaymentFailure::GatewayBroken),
            _ => None,
        }
    }
}

impl AsFailure for OrderError {
    fn as_failure(&self) -> Failure {
        let failure = match self {
            Self::NotFound => Failure::new(404, "order_not_found"),
            Self::UnknownProduct => Failure::new(422, "unknown_product"),
            Self::OutOfStock => Failure::new(409, "out_of_stock"),
            Self::PaymentRefused => Failure::new(402, "payment_refused"),
            Self::GatewayDown(_) | Self::GatewayBroken(_) => {
                Failure::new(503, "payments_unavailable").retry_after(Duration::from_secs(5))
            }
            Self::Store(error) => sql::failure(error),
        };
        failure.detail(self.to_string())
    }
}
