//! The lines that changes leave. A service that tells more or less than it is configured to should be noticed by its team, so
//! they are warnings; and they pass the gate whatever the level.

use belvedere_core::{
    control::{LogLevel, Order},
    names::{event, target::AUDIT},
};

/// Who changes something.
#[derive(Debug, Clone, Copy)]
pub(super) enum By {
    /// Somebody, by order.
    Operator(Order),
    /// The end of an order's time.
    Expiry,
}

impl By {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Operator(_) => "operator",
            Self::Expiry => "expiry",
        }
    }

    fn order(self) -> Order {
        match self {
            Self::Operator(order) => order,
            Self::Expiry => Order::default(),
        }
    }
}

pub(super) fn level(logger: &str, old: LogLevel, new: LogLevel, by: By) {
    let Order { peer, ttl } = by.order();
    tracing::warn!(
        target: AUDIT,
        message = event::LOG_LEVEL_CHANGED,
        logger,
        old = old.as_str(),
        new = new.as_str(),
        ttl_seconds = ttl.map(|ttl| ttl.as_secs()),
        by = by.as_str(),
        peer = peer.map(display)
    );
}

pub(super) fn ratio(old: f64, new: f64, by: By) {
    let Order { peer, ttl } = by.order();
    tracing::warn!(
        target: AUDIT,
        message = event::SAMPLING_CHANGED,
        old,
        new,
        ttl_seconds = ttl.map(|ttl| ttl.as_secs()),
        by = by.as_str(),
        peer = peer.map(display)
    );
}
