//! Every series of the process.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use belvedere_core::names::metric;
use metrics::{Key, Label, SharedString};

use super::{
    cells::Cell,
    family::{Family, Place},
    handle::Handle,
    known::Known,
    labels::{Labels, TENANT, metric_name},
    tenants::{OTHER, Tenant, Tenants, Verdict},
};

/// Names are written in code: that many are made of data.
pub(crate) const MAX_METRICS: usize = 1000;

type Families = BTreeMap<Box<str>, Family>;

/// What a metric is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// In units of `10^-decimals`: money, and time.
    Counter {
        decimals: u8,
    },
    Gauge,
    Histogram,
}

impl Kind {
    pub(crate) const COUNTER: Self = Self::Counter { decimals: 0 };

    pub(crate) const fn decimals(self) -> usize {
        match self {
            Self::Counter { decimals } => decimals as usize,
            Self::Gauge | Self::Histogram => 0,
        }
    }

    /// What a counter has to be at to be shown as 1.
    pub(crate) const fn one(self) -> u64 {
        10_u64.pow(self.decimals() as u32)
    }
}

/// Why something is not recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    OtherKind,
    TooManyNames,
}

impl Refusal {
    const fn reason(self) -> &'static str {
        match self {
            Self::OtherKind => "metric_of_other_type",
            Self::TooManyNames => "too_many_metrics",
        }
    }
}

/// The storage of a series.
pub(super) struct Found {
    pub(super) cell: Cell,
    pub(super) is_new: bool,
    /// That of all which there is no room for.
    pub(super) is_overflow: bool,
}

/// How much is told.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Budget {
    /// Label sets of one metric.
    pub(crate) series: usize,
    /// Tenants with series of their own.
    pub(crate) tenants: usize,
}

/// Finds a series by its key in some dozens of nanoseconds once it is known, and learns it under a lock.
#[derive(Debug)]
pub(crate) struct Registry {
    limit: usize,
    known: Known,
    families: RwLock<Families>,
    tenants: Tenants,
    /// Tenants are learned one after the other.
    turn: Mutex<()>,
    /// Who looks comes one after the other, too.
    look: Mutex<()>,
}

impl Registry {
    pub(crate) fn new(budget: Budget) -> Self {
        Self {
            limit: budget.series,
            known: Known::default(),
            families: RwLock::default(),
            tenants: Tenants::new(budget.tenants),
            turn: Mutex::default(),
            look: Mutex::default(),
        }
    }

    pub(super) fn describe(&self, name: &str, help: SharedString) {
        let name = metric_name(name);
        let mut families = self.families_mut();
        if families.len() < MAX_METRICS || families.contains_key(&*name) {
            families.entry(name.into()).or_default().describe(help);
        }
    }

    /// The handle of a series, which is made when it is new and the budget allows it. `None` when the name is that of another
    /// kind, or there are too many names.
    pub(super) fn register(&self, key: &Key, kind: Kind) -> Option<Handle> {
        let known = self.known.get(key).filter(|handle| handle.is(kind));
        known.or_else(|| {
            let learned = self.learn(key, kind);
            learned
                .inspect_err(|refusal| self.count_refusal(*refusal))
                .ok()
        })
    }

    /// Decides which tenants are told, and tells all others what happened to the rest: before somebody looks.
    pub(crate) fn settle(&self) {
        let _look = self.look.lock();
        self.tenants.choose();
        for family in self.families().values() {
            family.settle(self.limit);
        }
    }

    /// All metrics, in the order of their names.
    pub(crate) fn families(&self) -> RwLockReadGuard<'_, Families> {
        self.families.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keys that are found without a lock on everything.
    #[cfg(test)]
    pub(super) fn known(&self) -> usize {
        self.known.len()
    }

    fn families_mut(&self) -> RwLockWriteGuard<'_, Families> {
        self.families
            .write()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn learn(&self, key: &Key, kind: Kind) -> Result<Handle, Refusal> {
        let name = metric_name(key.name());
        let labels = Labels::new(key.labels());
        // From the verdict to the last entry: else a tenant could lose its place in between, and be remembered as kept.
        let _turn = labels.get(TENANT).map(|_| self.turn.lock());
        match labels.get(TENANT).map(|tenant| self.admit(tenant)) {
            None => {
                let found = self.find_or_make(&name, kind, &labels, None)?;
                Ok(self.remember(key, (&found.cell).into(), found.is_new))
            }
            Some(tenant) => {
                let others = labels.with(TENANT, OTHER);
                let other = self.find_or_make(&name, kind, &others, None)?.cell;
                match tenant {
                    // Not remembered: there is no end of them.
                    None => Ok((&other).into()),
                    Some(tenant) => {
                        self.learn_of(key, &name, kind, &labels, Place { tenant, other })
                    }
                }
            }
        }
    }

    /// A series of a tenant that is watched.
    fn learn_of(
        &self,
        key: &Key,
        name: &str,
        kind: Kind,
        labels: &Labels,
        place: Place,
    ) -> Result<Handle, Refusal> {
        let Place { tenant, other } = &place;
        let (tenant, other) = (Arc::clone(tenant), other.clone());
        let own = self.find_or_make(name, kind, labels, Some(place))?;
        if own.is_overflow {
            return Ok((&own.cell).into());
        }
        let handle = Handle::by_tenant(tenant, &own.cell, &other);
        Ok(self.remember(key, handle, own.is_new))
    }

    /// Only the first key of a series is remembered, and none past the budget: keys are as few as series.
    fn remember(&self, key: &Key, handle: Handle, is_new: bool) -> Handle {
        if is_new {
            self.known.insert(key.clone(), handle.clone());
        }
        handle
    }

    fn admit(&self, tenant: &str) -> Option<Arc<Tenant>> {
        if tenant == OTHER {
            return None;
        }
        match self.tenants.admit(tenant) {
            Verdict::Watched(tenant) => Some(tenant),
            Verdict::Instead(tenant, before) => {
                self.forget_tenant(&before);
                Some(tenant)
            }
            Verdict::Other => None,
        }
    }

    fn forget_tenant(&self, tenant: &str) {
        for family in self.families_mut().values_mut() {
            family.forget_tenant(tenant);
        }
        self.known.forget(|key| {
            key.labels()
                .any(|label| label.key() == TENANT && label.value() == tenant)
        });
    }

    fn find_or_make(
        &self,
        name: &str,
        kind: Kind,
        labels: &Labels,
        place: Option<Place>,
    ) -> Result<Found, Refusal> {
        match self.find(name, kind, labels)? {
            Some(found) => Ok(found),
            None => self.make(name, kind, labels, place),
        }
    }

    fn find(&self, name: &str, kind: Kind, labels: &Labels) -> Result<Option<Found>, Refusal> {
        let families = self.families();
        let Some(family) = families.get(name) else {
            return Ok(None);
        };
        if family.kind.is_some_and(|known| known != kind) {
            return Err(Refusal::OtherKind);
        }
        let found = family.find(labels).map(|cell| (cell, false));
        let overflow = || Some((family.overflow(labels, self.limit)?, true));
        let found = found.or_else(overflow);
        Ok(found.map(|(cell, is_overflow)| Found {
            cell: cell.clone(),
            is_new: false,
            is_overflow,
        }))
    }

    fn make(
        &self,
        name: &str,
        kind: Kind,
        labels: &Labels,
        place: Option<Place>,
    ) -> Result<Found, Refusal> {
        let mut families = self.families_mut();
        if families.len() >= MAX_METRICS && !families.contains_key(name) {
            return Err(Refusal::TooManyNames);
        }
        let family = families.entry(name.into()).or_default();
        if family.has_room(labels, self.limit) {
            let added = family.add(name, kind, labels, place);
            return added.ok_or(Refusal::OtherKind);
        }
        drop(families);
        let count = self.overflow_counter(name);
        let mut families = self.families_mut();
        let family = families.entry(name.into()).or_default();
        let cell = family.begin_overflow(name, kind, labels, count);
        Ok(Found {
            cell,
            is_new: false,
            is_overflow: true,
        })
    }

    fn overflow_counter(&self, name: &str) -> metrics::Counter {
        if name == metric::METRICS_LABEL_OVERFLOW {
            return metrics::Counter::noop();
        }
        self.own_counter(metric::METRICS_LABEL_OVERFLOW, &[("metric", name)])
    }

    fn count_refusal(&self, refusal: Refusal) {
        let labels = [("signal", "metrics"), ("reason", refusal.reason())];
        self.own_counter(metric::TELEMETRY_DROPPED, &labels)
            .increment(1);
    }

    /// Past [`Registry::register`], which would count what becomes of it here.
    fn own_counter(&self, name: &'static str, labels: &[(&'static str, &str)]) -> metrics::Counter {
        let labels: Vec<_> = labels
            .iter()
            .map(|(key, value)| Label::new(*key, (*value).to_owned()))
            .collect();
        let found = self.find_or_make(name, Kind::COUNTER, &Labels::new(labels.iter()), None);
        match found.map(|found| found.cell) {
            Ok(Cell::Counter(counter)) => counter.into(),
            _ => metrics::Counter::noop(),
        }
    }
}
