//! One metric with all its series.

use std::{collections::BTreeMap, sync::Arc};

use belvedere_core::names::buckets;
use metrics::SharedString;

use super::{
    cells::{Cell, Counter, Gauge},
    histogram::Histogram,
    labels::{Labels, TENANT},
    registry::{Found, Kind},
    tenants::OTHER,
};

/// What a label past its metric's budget says.
const OVERFLOW: &str = "_overflow";

type BySeries = BTreeMap<Box<str>, Series>;

/// A metric: its series, sorted by their labels.
#[derive(Debug, Default)]
pub(crate) struct Family {
    /// Known with the first series.
    pub(crate) kind: Option<Kind>,
    pub(crate) help: Option<SharedString>,
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
}

impl Family {
    /// What is told.
    pub(crate) fn series(&self) -> impl Iterator<Item = &Series> {
        let others = self.others.values();
        let overflow = self.overflow.iter().map(|(series, _)| series);
        self.own
            .values()
            .chain(others.filter(|series| !series.cell.is_zero()))
            .chain(overflow)
    }

    pub(super) fn find(&self, labels: &Labels) -> Option<&Cell> {
        let series = self.among(labels).get(&labels.text);
        series.map(|series| &series.cell)
    }

    pub(super) fn has_room(&self, labels: &Labels, limit: usize) -> bool {
        let among = self.among(labels);
        among.len() < limit || among.contains_key(&labels.text)
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
    pub(super) fn add(&mut self, name: &str, kind: Kind, labels: &Labels) -> Option<Found> {
        if *self.kind.get_or_insert(kind) != kind {
            return None;
        }
        let among = if is_other(labels) {
            &mut self.others
        } else {
            &mut self.own
        };
        let before = among.len();
        let series = among
            .entry(labels.text.clone())
            .or_insert_with(|| Series::new(name, kind, labels.clone()));
        let cell = series.cell.clone();
        let is_new = among.len() > before;
        Some(Found { cell, is_new })
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
        let begun = || (Series::new(name, kind, labels), count);
        let (series, count) = self.overflow.get_or_insert_with(begun);
        count.increment(1);
        series.cell.clone()
    }

    pub(super) fn forget_tenant(&mut self, tenant: &str) {
        self.own
            .retain(|_, series| series.labels.get(TENANT) != Some(tenant));
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
    fn new(name: &str, kind: Kind, labels: Labels) -> Self {
        let cell = match kind {
            Kind::Counter { .. } => Cell::Counter(Arc::new(Counter::default())),
            Kind::Gauge => Cell::Gauge(Arc::new(Gauge::default())),
            Kind::Histogram => Cell::Histogram(Arc::new(Histogram::new(buckets::of(name)))),
        };
        Self { labels, cell }
    }
}

fn is_other(labels: &Labels) -> bool {
    labels.get(TENANT) == Some(OTHER)
}
