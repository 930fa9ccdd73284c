use std::{borrow::Cow, time::Duration};

use belvedere::{AsFailure, UpstreamError, sql};

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

impl AsFailure for OrderError {
    fn status(&self) -> u16 {
        match self {
            Self::NotFound => 404,
            Self::UnknownProduct => 422,
            Self::OutOfStock => 409,
            Self::PaymentRefused => 402,
            Self::GatewayDown(_) | Self::GatewayBroken(_) => 503,
            Self::Store(error) if sql::is_unavailable(error) => 503,
            Self::Store(_) => 500,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "order_not_found",
            Self::UnknownProduct => "unknown_product",
            Self::OutOfStock => "out_of_stock",
            Self::PaymentRefused => "payment_refused",
            Self::GatewayDown(_) | Self::GatewayBroken(_) => "payments_unavailable",
            Self::Store(error) if sql::is_unavailable(error) => "database_unavailable",
            Self::Store(_) => "internal_server_error",
        }
    }

    fn detail(&self) -> Option<Cow<'static, str>> {
        Some(self.to_string().into())
    }

    fn retry_after(&self) -> Option<Duration> {
        (self.status() == 503).then_some(Duration::from_secs(5))
    }
}
