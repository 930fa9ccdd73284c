//! One metric with all its series.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use belvedere_core::{
    metrics::{Declaration, declaration},
    names::buckets,
};
use metrics::SharedString;

use super::{
    cells::Cell,
    labels::{Labels, TENANT},
    registry::{Found, Kind},
    tenants::{OTHER, Tenant, WATCHED_PER_TOLD},
};

/// What a label past its metric's budget says.
const OVERFLOW: &str = "_overflow";

type BySeries = BTreeMap<Box<str>, Series>;

/// A metric: its series, sorted by their labels.
#[derive(Debug, Default)]
pub(crate) struct Family {
    /// Known with the first series.
    pub(crate) kind: Option<Kind>,
    help: Option<SharedString>,
    /// Known with the first series, too.
    declared: Option<Declaration>,
    own: BySeries,
    /// Those of all tenants that have none of their own. They are made beforehand, and told once they were used.
    others: BySeries,
    overflow: Option<(Series, metrics::Counter)>,
}

/// One line of a scrape; of a histogram, one for each bucket.
#[derive(Debug)]
pub(crate) struct Series {
    pub(crate) labels: Labels,
    pub(crate) cell: Cell,
    of_tenant: Option<OfTenant>,
}

/// What a series of one tenant's needs to be told with those of all others.
#[derive(Debug)]
struct OfTenant {
    tenant: Arc<Tenant>,
    other: Cell,
    /// What `other` has had of it, and what was told of it by itself: the events before.
    had: Cell,
    is_told: AtomicBool,
}

/// Where a tenant's events go when nobody tells of it.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) tenant: Arc<Tenant>,
    pub(super) other: Cell,
}

impl Family {
    /// What is told.
    pub(crate) fn series(&self) -> impl Iterator<Item = &Series> {
        let own = self.own.values().filter(|series| series.is_told());
        let others = self.others.values();
        let overflow = self.overflow.iter().map(|(series, _)| series);
        own.chain(others.filter(|series| !series.cell.is_zero()))
            .chain(overflow)
    }

    pub(super) fn find(&self, labels: &Labels) -> Option<&Cell> {
        let series = self.among(labels).get(&labels.text);
        series.map(|series| &series.cell)
    }

    /// `limit`: where none is declared.
    pub(super) fn has_room(&self, labels: &Labels, limit: usize) -> bool {
        let among = self.among(labels);
        let limit = if is_of_tenant(labels) {
            self.limit(limit).saturating_mul(WATCHED_PER_TOLD)
        } else {
            self.limit(limit)
        };
        among.len() < limit || among.contains_key(&labels.text)
    }

    pub(super) fn describe(&mut self, help: SharedString) {
        self.help = Some(help);
    }

    pub(crate) fn help(&self) -> Option<&str> {
        let declared = self.declared.as_ref();
        let declared = declared.map(|declared| &*declared.help);
        self.help.as_deref().or(declared)
    }

    fn limit(&self, limit: usize) -> usize {
        let declared = self.declared.as_ref();
        declared
            .and_then(|declared| declared.budget)
            .unwrap_or(limit)
    }

    /// Tells all others what happened to tenants that are not told. Who is told stays so, as long as it is among the busiest;
    /// who comes to it needs room.
    pub(super) fn settle(&self, limit: usize) {
        let (mut told, mut wanting) = (0, Vec::new());
        for series in self.own.values() {
            match &series.of_tenant {
                Some(of_tenant) if of_tenant.tenant.is_told() && !of_tenant.is_told() => {
                    wanting.push((series, of_tenant));
                }
                Some(of_tenant) => {
                    let is_told = of_tenant.tenant.is_told();
                    of_tenant.settle(&series.cell, is_told);
                    told += usize::from(is_told);
                }
                None => told += 1,
            }
        }
        let mut room = self.limit(limit).saturating_sub(told);
        for (series, of_tenant) in wanting {
            of_tenant.settle(&series.cell, room > 0);
            room = room.saturating_sub(1);
        }
    }

    /// Where all goes that there is no room for, once it has begun. Counted.
    pub(super) fn overflow(&self, labels: &Labels, limit: usize) -> Option<&Cell> {
        if self.has_room(labels, limit) {
            return None;
        }
        let (series, count) = self.overflow.as_ref()?;
        count.increment(1);
        Some(&series.cell)
    }

    /// `None` when another thread has made something else of the name.
    pub(super) fn add(
        &mut self,
        name: &str,
        kind: Kind,
        labels: &Labels,
        place: Option<Place>,
    ) -> Option<Found> {
        if self.kind.is_none() {
            self.declared = declaration(name);
        }
        if *self.kind.get_or_insert(kind) != kind {
            return None;
        }
        let bounds = self.bounds(name);
        let among = if is_other(labels) {
            &mut self.others
        } else {
            &mut self.own
        };
        let before = among.len();
        let series = among
            .entry(labels.text.clone())
            .or_insert_with(|| Series::new(kind, bounds, labels.clone(), place));
        let cell = series.cell.clone();
        let is_new = among.len() > before;
        Some(Found {
            cell,
            is_new,
            is_overflow: false,
        })
    }

    fn bounds(&self, name: &str) -> &'static [f64] {
        let declared = self.declared.as_ref();
        let declared = declared.and_then(|declared| declared.buckets);
        declared.unwrap_or_else(|| buckets::of(name))
    }

    /// From here on all that there is no room for is one series, each of whose labels says so.
    pub(super) fn begin_overflow(
        &mut self,
        name: &str,
        kind: Kind,
        labels: &Labels,
        count: metrics::Counter,
    ) -> Cell {
        let labels = labels.map(|_, _| OVERFLOW.into());
        let bounds = self.bounds(name);
        let begun = || (Series::new(kind, bounds, labels, None), count);
        let (series, count) = self.overflow.get_or_insert_with(begun);
        count.increment(1);
        series.cell.clone()
    }

    /// What it has counted and nobody was told goes to the others.
    pub(super) fn forget_tenant(&mut self, tenant: &str) {
        self.own.retain(|_, series| {
            let is_meant = series.labels.get(TENANT) == Some(tenant);
            if is_meant && let Some(of_tenant) = &series.of_tenant {
                series.cell.leave(&of_tenant.had, &of_tenant.other);
            }
            !is_meant
        });
    }

    fn among(&self, labels: &Labels) -> &BySeries {
        if is_other(labels) {
            &self.others
        } else {
            &self.own
        }
    }
}

impl Series {
    fn new(kind: Kind, bounds: &'static [f64], labels: Labels, place: Option<Place>) -> Self {
        let of_tenant = place.map(|Place { tenant, other }| OfTenant {
            tenant,
            other,
            had: Cell::new(kind, bounds),
            is_told: AtomicBool::new(false),
        });
        Self {
            labels,
            cell: Cell::new(kind, bounds),
            of_tenant,
        }
    }

    fn is_told(&self) -> bool {
        self.of_tenant.as_ref().is_none_or(OfTenant::is_told)
    }
}

impl OfTenant {
    fn is_told(&self) -> bool {
        self.is_told.load(Ordering::Relaxed)
    }

    fn settle(&self, own: &Cell, is_told: bool) {
        self.is_told.store(is_told, Ordering::Relaxed);
        own.settle(&self.had, &self.other, is_told);
    }
}

fn is_other(labels: &Labels) -> bool {
    labels.get(TENANT) == Some(OTHER)
}

fn is_of_tenant(labels: &Labels) -> bool {
    labels.get(TENANT).is_some_and(|tenant| tenant != OTHER)
}
