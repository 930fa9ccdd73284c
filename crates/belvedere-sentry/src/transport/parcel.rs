use belvedere_core::names::metric;

/// Errors that wait, and bytes of them. One has a few KiB.
const ERRORS: (usize, usize) = (64, 4 * 1024 * 1024);
/// Transactions that wait, and bytes of them: a second's worth at usual shares.
const TRANSACTIONS: (usize, usize) = (256, 8 * 1024 * 1024);

/// What an envelope holds: each kind has a queue and, at Sentry, limits of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Error,
    Transaction,
}

impl Kind {
    /// As in `telemetry_dropped_total`.
    const fn signal(self) -> &'static str {
        match self {
            Self::Error => "errors",
            Self::Transaction => "traces",
        }
    }

    /// As Sentry's limits name it.
    pub(super) const fn category(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Transaction => "transaction",
        }
    }

    /// How many may wait, and how many bytes.
    pub(super) const fn room(self) -> (usize, usize) {
        match self {
            Self::Error => ERRORS,
            Self::Transaction => TRANSACTIONS,
        }
    }
}

/// An envelope, addressed.
#[derive(Debug)]
pub(crate) struct Parcel {
    pub(crate) kind: Kind,
    pub(crate) envelope: Vec<u8>,
    /// Events or spans in it.
    pub(crate) records: u64,
}

impl Parcel {
    pub(super) fn count_dropped(&self, reason: &'static str) {
        count_dropped(self.kind, reason, self.records);
    }
}

/// Counts what is lost.
pub(crate) fn count_dropped(kind: Kind, reason: &'static str, count: u64) {
    let labels = [("signal", kind.signal()), ("reason", reason)];
    metrics::counter!(metric::TELEMETRY_DROPPED, &labels).increment(count);
}
