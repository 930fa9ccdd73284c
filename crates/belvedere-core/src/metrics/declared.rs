use std::{
    collections::BTreeMap,
    marker::PhantomData,
    sync::{Once, PoisonError, RwLock},
};

use ::metrics::{Counter, Gauge, Histogram, Key, Level, Metadata};

use super::{LabelText, Money, lint, money};

/// What a recorder should know of a metric before its first series.
#[derive(Debug, Clone)]
pub struct Declaration {
    /// What it tells.
    pub help: String,
    /// The inclusive upper ends of a histogram's buckets.
    pub buckets: Option<&'static [f64]>,
    /// How many label sets it may have.
    pub budget: Option<usize>,
}

static DECLARATIONS: RwLock<BTreeMap<&'static str, Declaration>> = RwLock::new(BTreeMap::new());

/// What was declared of a metric, if it is one that was used: for recorders.
pub fn declaration(name: &str) -> Option<Declaration> {
    let known = DECLARATIONS.read().unwrap_or_else(PoisonError::into_inner);
    known.get(name).cloned()
}

/// The four kinds.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Counter,
    Money,
    Gauge,
    Histogram,
}

/// What a declared metric is used by: a counter, a gauge, a histogram of the `metrics` facade, or [`Money`].
pub trait Metric: Sized {
    #[doc(hidden)]
    const KIND: Kind;
    #[doc(hidden)]
    fn register(key: &Key) -> Self;
}

/// Where declared metrics come from, for recorders that ask.
const METADATA: Metadata<'static> = Metadata::new("belvedere::declared", Level::INFO, None);

impl Metric for Counter {
    const KIND: Kind = Kind::Counter;

    fn register(key: &Key) -> Self {
        ::metrics::with_recorder(|recorder| recorder.register_counter(key, &METADATA))
    }
}

impl Metric for Money {
    const KIND: Kind = Kind::Money;

    fn register(key: &Key) -> Self {
        Self(money::register(key))
    }
}

impl Metric for Gauge {
    const KIND: Kind = Kind::Gauge;

    fn register(key: &Key) -> Self {
        ::metrics::with_recorder(|recorder| recorder.register_gauge(key, &METADATA))
    }
}

impl Metric for Histogram {
    const KIND: Kind = Kind::Histogram;

    fn register(key: &Key) -> Self {
        ::metrics::with_recorder(|recorder| recorder.register_histogram(key, &METADATA))
    }
}

/// A metric as [`declare_metrics!`](crate::declare_metrics) declares it.
#[derive(Debug)]
pub struct Declared<M> {
    name: &'static str,
    help: &'static [&'static str],
    buckets: Option<&'static [f64]>,
    budget: Option<usize>,
    told: Once,
    kind: PhantomData<fn() -> M>,
}

impl<M: Metric> Declared<M> {
    /// `help` line by line.
    ///
    /// # Panics
    ///
    /// A name or a label is not as Prometheus wants it. In a `static` that is an error of the compiler's.
    pub const fn new(
        name: &'static str,
        help: &'static [&'static str],
        labels: &[&'static str],
    ) -> Self {
        lint::name(name, M::KIND);
        let mut at = 0;
        while at < labels.len() {
            lint::label(labels[at]);
            at += 1;
        }
        Self {
            name,
            help,
            buckets: None,
            budget: None,
            told: Once::new(),
            kind: PhantomData,
        }
    }

    /// The inclusive upper ends of the buckets; default: those of request durations, of sizes for what ends in `_bytes`.
    ///
    /// # Panics
    ///
    /// Likewise where they do not rise, or this is no histogram.
    #[must_use]
    pub const fn buckets(mut self, buckets: &'static [f64]) -> Self {
        assert!(
            matches!(M::KIND, Kind::Histogram),
            "only a histogram has buckets"
        );
        lint::bounds(buckets);
        self.buckets = Some(buckets);
        self
    }

    /// How many label sets there may be, past which all are told as `_overflow`; default: `PROMETHEUS__SERIES_PER_METRIC`.
    #[must_use]
    pub const fn budget(mut self, series: usize) -> Self {
        self.budget = Some(series);
        self
    }

    /// The handle of one label set.
    pub fn with<const N: usize>(&self, labels: [(&'static str, LabelText); N]) -> M {
        self.told.call_once(|| self.tell());
        let labels = labels.map(|(key, value)| ::metrics::Label::new(key, value));
        M::register(&Key::from_parts(self.name, Vec::from(labels)))
    }

    fn tell(&self) {
        let lines: Vec<_> = self.help.iter().map(|line| line.trim()).collect();
        let declaration = Declaration {
            help: lines.join(" ").trim().to_owned(),
            buckets: self.buckets,
            budget: self.budget,
        };
        let mut known = DECLARATIONS.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(self.name, declaration);
    }
}

/// Declares metrics as functions: see [`metrics`](crate::metrics).
///
/// Of each the documentation is the help text, the arguments are the labels, and what it returns is the handle: `Counter`,
/// `Gauge`, `Histogram`, or [`Money`](crate::metrics::Money) for a counter of hundredths. After the documentation may stand
/// `#[buckets(..)]`, then `#[budget(..)]`.
#[macro_export]
macro_rules! declare_metrics {
    ($(
        $(#[doc = $help:literal])+
        $(#[buckets($($bound:expr),+ $(,)?)])?
        $(#[budget($series:expr)])?
        $vis:vis fn $name:ident($($label:ident: $value:ty),* $(,)?) -> $kind:ident;
    )+) => {$(
        $(#[doc = $help])+
        $vis fn $name($($label: $value),*) -> $crate::metrics::$kind {
            static DECLARED: $crate::metrics::Declared<$crate::metrics::$kind> =
                $crate::metrics::Declared::new(
                    ::core::stringify!($name),
                    &[$($help),+],
                    &[$(::core::stringify!($label)),*],
                )
                $(.buckets(&[$($bound),+]))?
                $(.budget($series))?;
            DECLARED.with([$((
                ::core::stringify!($label),
                $crate::metrics::Label::label(&$label),
            )),*])
        }
    )+};
}
