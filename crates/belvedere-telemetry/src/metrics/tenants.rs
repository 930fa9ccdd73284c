//! Which tenants have series of their own.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use metrics::{CounterFn, GaugeFn, HistogramFn};

/// What all others are called.
pub(super) const OTHER: &str = "_other";
/// So many events of tenants without series, and all that was counted before weighs half.
const MEMORY: u64 = 10_000;
/// Fewer events are no reason to take a tenant's series from it.
const FEWEST: u64 = 16;
/// How much busier a tenant has to be than the one whose place it takes: two that are alike do not take turns, each of which
/// would leave a series behind in Prometheus.
const MARGIN: u64 = 2;

/// A tenant with series of its own.
#[derive(Debug)]
pub(crate) struct Tenant {
    name: Box<str>,
    events: AtomicU64,
    is_kept: AtomicBool,
}

/// The first come have series; later ones take the place of the least busy. Others are counted by Misra and Gries's method,
/// in as many places: it may count a tenant too low, never too high, so that no flood of invented names gets in.
#[derive(Debug)]
pub(super) struct Tenants {
    limit: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    kept: HashMap<Box<str>, Arc<Tenant>>,
    others: HashMap<Box<str>, u64>,
    /// Since the last halving.
    events: u64,
}

/// What becomes of a tenant's event.
#[derive(Debug)]
pub(super) enum Verdict {
    Kept(Arc<Tenant>),
    /// It takes the place of the one named: whose series are no longer told.
    Instead(Arc<Tenant>, Box<str>),
    Other,
}

impl Tenants {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            state: Mutex::default(),
        }
    }

    /// For an event whose tenant has no handle yet.
    pub(super) fn admit(&self, name: &str) -> Verdict {
        let mut state = self.lock();
        if let Some(tenant) = state.kept.get(name) {
            return Verdict::Kept(Arc::clone(tenant));
        }
        if state.kept.len() < self.limit {
            return Verdict::Kept(state.keep(name, 0));
        }
        let events = state.count_other(name, self.limit);
        let Some(least) = state.least_busy() else {
            return Verdict::Other;
        };
        let bar = least.events.load(Ordering::Relaxed) * MARGIN;
        if events < FEWEST.max(bar) {
            return Verdict::Other;
        }
        least.is_kept.store(false, Ordering::Relaxed);
        state.kept.remove(&least.name);
        state.others.remove(name);
        Verdict::Instead(state.keep(name, events), least.name.clone())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn keep(&mut self, name: &str, events: u64) -> Arc<Tenant> {
        let tenant = Arc::new(Tenant {
            name: name.into(),
            events: events.into(),
            is_kept: true.into(),
        });
        self.kept.insert(name.into(), Arc::clone(&tenant));
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
        self.events = 0;
        self.others.retain(|_, count| {
            *count /= 2;
            *count > 0
        });
        for tenant in self.kept.values() {
            let events = tenant.events.load(Ordering::Relaxed);
            tenant.events.store(events / 2, Ordering::Relaxed);
        }
    }

    fn least_busy(&self) -> Option<Arc<Tenant>> {
        let kept = self.kept.values();
        kept.min_by_key(|tenant| tenant.events.load(Ordering::Relaxed))
            .cloned()
    }
}

/// A handle of a tenant's series: counts how busy it is, and goes on with `_other` once it has lost its place.
#[derive(Debug)]
pub(super) struct ByTenant<C> {
    tenant: Arc<Tenant>,
    own: Arc<C>,
    other: Arc<C>,
}

impl<C> ByTenant<C> {
    pub(super) fn new(tenant: Arc<Tenant>, own: &Arc<C>, other: &Arc<C>) -> Self {
        Self {
            tenant,
            own: Arc::clone(own),
            other: Arc::clone(other),
        }
    }

    fn cell(&self) -> &C {
        self.tenant.events.fetch_add(1, Ordering::Relaxed);
        if self.tenant.is_kept.load(Ordering::Relaxed) {
            &self.own
        } else {
            &self.other
        }
    }
}

impl<C: CounterFn> CounterFn for ByTenant<C> {
    fn increment(&self, value: u64) {
        self.cell().increment(value);
    }

    fn absolute(&self, value: u64) {
        self.cell().absolute(value);
    }
}

impl<C: GaugeFn> GaugeFn for ByTenant<C> {
    fn increment(&self, value: f64) {
        self.cell().increment(value);
    }

    fn decrement(&self, value: f64) {
        self.cell().decrement(value);
    }

    fn set(&self, value: f64) {
        self.cell().set(value);
    }
}

impl<C: HistogramFn> HistogramFn for ByTenant<C> {
    fn record(&self, value: f64) {
        self.cell().record(value);
    }

    fn record_many(&self, value: f64, count: usize) {
        self.cell().record_many(value, count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_told(tenants: &Tenants, name: &str) -> bool {
        match tenants.admit(name) {
            Verdict::Kept(tenant) | Verdict::Instead(tenant, _) => {
                tenant.events.fetch_add(1, Ordering::Relaxed);
                true
            }
            Verdict::Other => false,
        }
    }

    #[test]
    fn a_tenant_that_becomes_busy_takes_the_place_of_the_least_busy() {
        let tenants = Tenants::new(2);
        assert!(is_told(&tenants, "quiet"));
        for _ in 0..100 {
            assert!(is_told(&tenants, "busy"));
        }
        let told = (0..50).filter(|_| is_told(&tenants, "grows")).count();
        assert_eq!(told as u64, 50 - FEWEST + 1);
        assert!(!is_told(&tenants, "quiet"));
        assert!(is_told(&tenants, "busy"));
    }

    #[test]
    fn a_flood_of_invented_names_takes_nobodys_place_and_no_memory() {
        let tenants = Tenants::new(8);
        for name in 0..8 {
            is_told(&tenants, &name.to_string());
        }
        for name in 0..95_000 {
            assert!(!is_told(&tenants, &format!("invented-{name}")));
        }
        let state = tenants.lock();
        assert!(state.kept.len() == 8 && state.others.len() <= 8);
    }
}
