//! Which tenants are counted apart, and which of them are told.

use std::{
    cmp::Reverse,
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering, fence},
    },
};

use metrics::{CounterFn, GaugeFn, HistogramFn};

use super::cells::Pour;

/// What all others are called.
pub(super) const OTHER: &str = "_other";
/// Tenants that are counted apart for each one that is told: who turns out to be busy has all its events then, from the first
/// on. Eight times as many is where the busiest tenth of any usual crowd is in by far.
pub(super) const WATCHED_PER_TOLD: usize = 8;
/// So many events of tenants that are not watched, and all that was counted before weighs half.
const MEMORY: u64 = 10_000;
/// Fewer events are no reason to stop watching another one.
const FEWEST: u64 = 16;
/// How much busier a tenant has to be than the one whose place it takes: two that are alike do not take turns, each of which
/// would leave a series behind in Prometheus.
const MARGIN: u64 = 2;

/// A tenant that is counted apart.
#[derive(Debug)]
pub(crate) struct Tenant {
    name: Box<str>,
    events: AtomicU64,
    is_watched: AtomicBool,
    is_told: AtomicBool,
}

impl Tenant {
    /// Whether it is among the busiest, as of the last scrape.
    pub(super) fn is_told(&self) -> bool {
        self.is_told.load(Ordering::Relaxed)
    }

    fn is_watched(&self) -> bool {
        self.is_watched.load(Ordering::SeqCst)
    }

    fn events(&self) -> u64 {
        self.events.load(Ordering::Relaxed)
    }
}

/// The first come are watched; later ones take the place of the least busy. Others are counted by Misra and Gries's method,
/// in as many places: it may count a tenant too low, never too high, so that no flood of invented names gets in.
///
/// Which of the watched are told is decided when somebody looks: who is keeps its place until another is twice as busy.
#[derive(Debug)]
pub(super) struct Tenants {
    told: usize,
    watched: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    watched: HashMap<Box<str>, Arc<Tenant>>,
    others: HashMap<Box<str>, u64>,
    /// Since the last halving.
    events: u64,
    /// What another tenant had to have when the least busy was last looked for.
    bar: u64,
}

/// What becomes of a tenant's event.
#[derive(Debug)]
pub(super) enum Verdict {
    Watched(Arc<Tenant>),
    /// It takes the place of the one named, which is watched no longer.
    Instead(Arc<Tenant>, Box<str>),
    Other,
}

impl Tenants {
    /// `told`: how many.
    pub(super) fn new(told: usize) -> Self {
        Self {
            told,
            watched: told.saturating_mul(WATCHED_PER_TOLD),
            state: Mutex::default(),
        }
    }

    /// For an event whose tenant has no handle yet.
    pub(super) fn admit(&self, name: &str) -> Verdict {
        let mut state = self.lock();
        if let Some(tenant) = state.watched.get(name) {
            return Verdict::Watched(Arc::clone(tenant));
        }
        if state.watched.len() < self.watched {
            return Verdict::Watched(state.watch(name, 0));
        }
        let events = state.count_other(name, self.watched);
        if events < state.bar.max(FEWEST) {
            return Verdict::Other;
        }
        let Some(least) = state.least_busy() else {
            return Verdict::Other;
        };
        state.bar = least.events().saturating_mul(MARGIN);
        if events < state.bar {
            return Verdict::Other;
        }
        least.is_watched.store(false, Ordering::SeqCst);
        state.watched.remove(&least.name);
        state.others.remove(name);
        Verdict::Instead(state.watch(name, events), least.name.clone())
    }

    /// Chooses who is told from now on.
    pub(super) fn choose(&self) {
        let state = self.lock();
        let (mut told, mut rest): (Vec<_>, Vec<_>) =
            state.watched.values().partition(|tenant| tenant.is_told());
        rest.sort_by_key(|tenant| (Reverse(tenant.events()), &tenant.name));
        told.sort_by_key(|tenant| tenant.events());
        let room = self.told.saturating_sub(told.len());
        let mut rest = rest.into_iter();
        for tenant in rest.by_ref().take(room) {
            tenant.is_told.store(true, Ordering::Relaxed);
        }
        for (least, busier) in told.into_iter().zip(rest) {
            if busier.events() < (least.events() + 1) * MARGIN {
                return;
            }
            least.is_told.store(false, Ordering::Relaxed);
            busier.is_told.store(true, Ordering::Relaxed);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn watch(&mut self, name: &str, events: u64) -> Arc<Tenant> {
        let tenant = Arc::new(Tenant {
            name: name.into(),
            events: events.into(),
            is_watched: true.into(),
            is_told: false.into(),
        });
        self.watched.insert(name.into(), Arc::clone(&tenant));
        tenant
    }

    fn count_other(&mut self, name: &str, places: usize) -> u64 {
        self.events += 1;
        if self.events >= MEMORY {
            self.halve();
        }
        if let Some(count) = self.others.get_mut(name) {
            *count += 1;
            return *count;
        }
        if self.others.len() < places {
            self.others.insert(name.into(), 1);
            return 1;
        }
        self.others.retain(|_, count| {
            *count -= 1;
            *count > 0
        });
        0
    }

    fn halve(&mut self) {
        (self.events, self.bar) = (0, 0);
        self.others.retain(|_, count| {
            *count /= 2;
            *count > 0
        });
        for tenant in self.watched.values() {
            tenant.events.store(tenant.events() / 2, Ordering::Relaxed);
        }
    }

    /// Of those that are not told.
    fn least_busy(&self) -> Option<Arc<Tenant>> {
        let untold = self.watched.values().filter(|tenant| !tenant.is_told());
        untold.min_by_key(|tenant| tenant.events()).cloned()
    }
}

/// A handle of a tenant's series: counts how busy it is, and goes on with `_other` once it is watched no longer.
#[derive(Debug)]
pub(super) struct ByTenant<C> {
    tenant: Arc<Tenant>,
    own: Arc<C>,
    other: Arc<C>,
}

impl<C: Pour> ByTenant<C> {
    pub(super) fn new(tenant: Arc<Tenant>, own: &Arc<C>, other: &Arc<C>) -> Self {
        Self {
            tenant,
            own: Arc::clone(own),
            other: Arc::clone(other),
        }
    }

    fn record(&self, record: impl FnOnce(&C)) {
        self.tenant.events.fetch_add(1, Ordering::Relaxed);
        if !self.tenant.is_watched() {
            return record(&self.other);
        }
        record(&self.own);
        // Either whoever ended it sees what was just recorded, or it is seen here that it has ended: nothing is lost.
        fence(Ordering::SeqCst);
        if !self.tenant.is_watched() {
            self.own.pour(&self.other);
        }
    }
}

impl<C: CounterFn + Pour> CounterFn for ByTenant<C> {
    fn increment(&self, value: u64) {
        self.record(|cell| cell.increment(value));
    }

    fn absolute(&self, value: u64) {
        self.record(|cell| cell.absolute(value));
    }
}

impl<C: GaugeFn + Pour> GaugeFn for ByTenant<C> {
    fn increment(&self, value: f64) {
        self.record(|cell| cell.increment(value));
    }

    fn decrement(&self, value: f64) {
        self.record(|cell| cell.decrement(value));
    }

    fn set(&self, value: f64) {
        self.record(|cell| cell.set(value));
    }
}

impl<C: HistogramFn + Pour> HistogramFn for ByTenant<C> {
    fn record(&self, value: f64) {
        self.record(|cell| cell.record(value));
    }

    fn record_many(&self, value: f64, count: usize) {
        self.record(|cell| cell.record_many(value, count));
    }
}

#[cfg(test)]
mod tests;
