//! What a call of a macro returns.

use std::sync::Arc;

use super::{
    cells::Cell,
    registry::Kind,
    tenants::{ByTenant, Tenant},
};

/// A handle of the facade, of any kind.
#[derive(Debug, Clone)]
pub(super) enum Handle {
    Counter(metrics::Counter),
    Gauge(metrics::Gauge),
    Histogram(metrics::Histogram),
}

impl From<&Cell> for Handle {
    fn from(cell: &Cell) -> Self {
        match cell {
            Cell::Counter(cell) => Self::Counter(Arc::clone(cell).into()),
            Cell::Gauge(cell) => Self::Gauge(Arc::clone(cell).into()),
            Cell::Histogram(cell) => Self::Histogram(Arc::clone(cell).into()),
        }
    }
}

impl Handle {
    /// Goes on with `other` when the tenant is watched no longer.
    pub(super) fn by_tenant(tenant: Arc<Tenant>, own: &Cell, other: &Cell) -> Self {
        match (own, other) {
            (Cell::Counter(own), Cell::Counter(other)) => {
                Self::Counter(Arc::new(ByTenant::new(tenant, own, other)).into())
            }
            (Cell::Gauge(own), Cell::Gauge(other)) => {
                Self::Gauge(Arc::new(ByTenant::new(tenant, own, other)).into())
            }
            (Cell::Histogram(own), Cell::Histogram(other)) => {
                Self::Histogram(Arc::new(ByTenant::new(tenant, own, other)).into())
            }
            // Both are of one family, and so of one kind.
            _ => own.into(),
        }
    }

    pub(super) const fn is(&self, kind: Kind) -> bool {
        matches!(
            (self, kind),
            (Self::Counter(_), Kind::Counter { .. })
                | (Self::Gauge(_), Kind::Gauge)
                | (Self::Histogram(_), Kind::Histogram)
        )
    }
}
