//! Levels and ratios that change while the process runs.

mod ordered;
mod tell;

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use belvedere_core::{
    Control,
    control::{ControlError, DEFAULT_LOGGER, LogLevel, Logger, Order, Sampling},
    trace::Tracer,
};
use tracing::callsite;

use crate::{
    filter::InForce,
    levels::{Levels, in_force},
    traces::BackEnd,
};
use ordered::Ordered;
use tell::By;

/// More targets than anybody follows, and few enough to look through for each new callsite.
const MAX_LOGGERS: usize = 100;

/// See [`Control`].
#[derive(Debug)]
pub(crate) struct Controls {
    levels: Levels,
    in_force: InForce,
    tracer: Tracer,
    back_ends: Arc<[BackEnd]>,
    configured_ratio: f64,
    orders: Mutex<Orders>,
    /// There is another order to wait for the end of.
    placed: Condvar,
}

#[derive(Debug, Default)]
struct Orders {
    levels: BTreeMap<String, Ordered<LogLevel>>,
    ratio: Ordered<f64>,
}

impl Orders {
    fn levels(&self) -> Vec<(&str, LogLevel)> {
        let ordered = self.levels.iter();
        ordered
            .filter_map(|(target, ordered)| Some((target.as_str(), ordered.value()?)))
            .collect()
    }

    fn next_end(&self) -> Option<Instant> {
        let levels = self.levels.values().filter_map(Ordered::end);
        levels.chain(self.ratio.end()).min()
    }
}

impl Controls {
    /// Obeys from now on. Time limits are kept by a thread: a runtime may be the very thing that is looked into.
    pub(crate) fn start(
        levels: Levels,
        in_force: InForce,
        tracer: Tracer,
        back_ends: Arc<[BackEnd]>,
    ) -> io::Result<Arc<Self>> {
        let controls = Arc::new(Self {
            configured_ratio: tracer.sampler().ratio(),
            levels,
            in_force,
            tracer,
            back_ends,
            orders: Mutex::default(),
            placed: Condvar::new(),
        });
        let keeper = Arc::clone(&controls);
        thread::Builder::new()
            .name("telemetry-control".to_owned())
            .spawn(move || keeper.keep_time())?;
        Ok(controls)
    }

    fn lock(&self) -> MutexGuard<'_, Orders> {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep_time(&self) {
        let mut orders = self.lock();
        loop {
            self.end_what_is_over(&mut orders);
            let left = orders.next_end().map_or(Duration::MAX, |end| {
                end.saturating_duration_since(Instant::now())
            });
            let waited = self.placed.wait_timeout(orders, left);
            orders = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn end_what_is_over(&self, orders: &mut Orders) {
        let now = Instant::now();
        let over = orders
            .levels
            .iter()
            .filter(|(_, ordered)| ordered.is_over(now));
        let over: Vec<_> = over.map(|(target, _)| target.clone()).collect();
        for target in over {
            self.change_level(orders, &target, By::Expiry, Ordered::pass);
        }
        if orders.ratio.is_over(now) {
            self.change_ratio(orders, By::Expiry, Ordered::pass);
        }
    }

    /// Changes one order, and everything that follows from it.
    fn change_level(
        &self,
        orders: &mut Orders,
        target: &str,
        by: By,
        change: impl FnOnce(&mut Ordered<LogLevel>),
    ) {
        let old = in_force(&self.in_force.load(), target);
        change(orders.levels.entry(target.to_owned()).or_default());
        orders.levels.retain(|_, ordered| ordered.value().is_some());
        let targets = self.levels.with(&orders.levels());
        let new = in_force(&targets, target);
        self.in_force.store(Arc::new(targets));
        // What `tracing` has remembered of each callsite, the finest level of all included.
        callsite::rebuild_interest_cache();
        tell::level(target, old, new, by);
        self.placed.notify_all();
    }

    fn change_ratio(&self, orders: &mut Orders, by: By, change: impl FnOnce(&mut Ordered<f64>)) {
        let ratio = |orders: &Orders| orders.ratio.value().unwrap_or(self.configured_ratio);
        let old = ratio(orders);
        change(&mut orders.ratio);
        let new = ratio(orders);
        self.tracer.sampler().set_ratio(new);
        for back_end in &*self.back_ends {
            back_end.obey(orders.ratio.value().is_some());
        }
        tell::ratio(old, new, by);
        self.placed.notify_all();
    }

    fn show(&self, orders: &Orders, target: &str) -> Logger {
        let ordered = orders.levels.get(target).copied().unwrap_or_default();
        Logger {
            level: in_force(&self.in_force.load(), target),
            configured: in_force(&self.levels.with(&[]), target),
            ordered: ordered.value(),
            ttl: ordered.left(),
            target: target.to_owned(),
        }
    }

    fn show_sampling(&self, orders: &Orders) -> Sampling {
        Sampling {
            ratio: orders.ratio.value().unwrap_or(self.configured_ratio),
            configured: self.configured_ratio,
            ttl: orders.ratio.left(),
            follows_parent: self.tracer.sampler().follows_parent(),
            is_exporting: self.tracer.is_on(),
        }
    }
}

impl Control for Controls {
    fn loggers(&self) -> Vec<Logger> {
        let orders = self.lock();
        let targets = self.in_force.load();
        let named: BTreeSet<_> = targets.iter().map(|(target, _)| target).collect();
        let all = [DEFAULT_LOGGER].into_iter().chain(named);
        all.map(|target| self.show(&orders, target)).collect()
    }

    fn logger(&self, target: &str) -> Logger {
        self.show(&self.lock(), target)
    }

    fn set_level(
        &self,
        target: &str,
        level: LogLevel,
        order: Order,
    ) -> Result<Logger, ControlError> {
        let mut orders = self.lock();
        let count = orders.levels.len();
        if count >= MAX_LOGGERS && !orders.levels.contains_key(target) {
            return Err(ControlError::TooManyLoggers(count));
        }
        self.change_level(&mut orders, target, By::Operator(order), |ordered| {
            ordered.place(level, order.ttl);
        });
        Ok(self.show(&orders, target))
    }

    fn reset_level(&self, target: &str, order: Order) -> Logger {
        let mut orders = self.lock();
        if orders.levels.contains_key(target) {
            self.change_level(&mut orders, target, By::Operator(order), |ordered| {
                *ordered = Ordered::default();
            });
        }
        self.show(&orders, target)
    }

    fn sampling(&self) -> Sampling {
        self.show_sampling(&self.lock())
    }

    fn set_ratio(&self, ratio: f64, order: Order) -> Result<Sampling, ControlError> {
        if !self.tracer.is_on() {
            return Err(ControlError::TracesOff);
        }
        let mut orders = self.lock();
        let ratio = if ratio.is_nan() {
            0.0
        } else {
            ratio.clamp(0.0, 1.0)
        };
        self.change_ratio(&mut orders, By::Operator(order), |ordered| {
            ordered.place(ratio, order.ttl);
        });
        Ok(self.show_sampling(&orders))
    }
}
