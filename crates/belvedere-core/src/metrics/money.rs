use ::metrics::{Counter, IntoLabels, Key, Level, Metadata};

/// How a recorder tells money from other counters.
const MONEY: Metadata<'static> = Metadata::new("belvedere::money", Level::INFO, None);

/// A counter of hundredths that is shown in whole units, and exact: counted in integers, divided when it is rendered. The
/// unit stands in its name, as always.
///
/// ```
/// use belvedere_core::metrics::money;
///
/// let labels = [("tenant_id", "acme"), ("product", "widget")];
/// money("revenue_total_usd", &labels).increment(1999); // 19.99
/// ```
pub fn money(name: &'static str, labels: impl IntoLabels) -> Counter {
    register(&Key::from_parts(name, labels))
}

pub(super) fn register(key: &Key) -> Counter {
    ::metrics::with_recorder(|recorder| recorder.register_counter(key, &MONEY))
}

/// A declared counter of hundredths: see [`money`].
#[derive(Debug, Clone)]
pub struct Money(pub(super) Counter);

impl Money {
    /// Adds so many hundredths; what is negative, or no number of ours, is not added: a counter never falls.
    pub fn add_cents(&self, cents: impl TryInto<u64>) {
        if let Ok(cents) = cents.try_into() {
            self.0.increment(cents);
        }
    }
}

/// Whether a counter is registered by [`money`]: for recorders.
pub fn is_money(metadata: &Metadata<'_>) -> bool {
    metadata.target() == MONEY.target()
}
