//! Metric handles by operation and collection, resolved once.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use belvedere_core::names::metric;
use metrics::{Counter, Histogram};
use sqlx::SqlStr;

use super::{shape::Shape, show::Shown, texts::Texts};

/// Collections that have handles of their own: half of a metric's budget of label sets (contract, section 4), so that two pools
/// of one process fit in.
const BUDGET: usize = 500;
/// What further collections are called.
const OVERFLOW: &str = "_overflow";

/// How statements of one shape are named and counted.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) operation: &'static str,
    pub(super) collection: Arc<str>,
    /// `{operation} {collection}`.
    pub(super) span_name: String,
    pub(super) duration: Histogram,
    pub(super) slow: Counter,
}

/// The handles of one operation, by collection.
type Collections = HashMap<Box<str>, Arc<Known>>;

/// All shapes that were seen. Keyed by shape, not by text: built texts are many, tables are few.
#[derive(Debug)]
pub(super) struct Shapes {
    system: &'static str,
    known: RwLock<HashMap<&'static str, Collections>>,
    texts: Texts,
    budget: usize,
}

impl Shapes {
    pub(super) fn new(system: &'static str) -> Self {
        Self {
            system,
            known: RwLock::default(),
            texts: Texts::new(),
            budget: BUDGET,
        }
    }

    /// The handles for a statement, and how it is shown. A text that comes again is not read again.
    pub(super) fn of(&self, sql: &SqlStr) -> (Arc<Known>, Shown) {
        self.texts.get(sql, || self.get(Shape::of(sql.as_str())))
    }

    /// The handles for `shape`. No label is built after the first time.
    fn get(&self, shape: Shape<'_>) -> Arc<Known> {
        self.find(shape).unwrap_or_else(|| self.learn(shape))
    }

    fn find(&self, shape: Shape<'_>) -> Option<Arc<Known>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.get(shape.operation)?.get(shape.collection).cloned()
    }

    fn learn(&self, mut shape: Shape<'_>) -> Arc<Known> {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.values().map(Collections::len).sum::<usize>() >= self.budget {
            count_overflow();
            shape.collection = OVERFLOW;
        }
        let collections = known.entry(shape.operation).or_default();
        let entry = collections.entry(shape.collection.into());
        let entry = entry.or_insert_with(|| Arc::new(Known::new(self.system, shape)));
        Arc::clone(entry)
    }
}

impl Known {
    fn new(system: &'static str, shape: Shape<'_>) -> Self {
        let Shape {
            operation,
            collection,
        } = shape;
        let duration = metrics::histogram!(
            metric::DB_OPERATION_DURATION,
            "db_system_name" => system,
            "db_operation_name" => operation,
            "db_collection_name" => collection.to_owned(),
        );
        let slow = metrics::counter!(
            metric::SLOW_QUERIES,
            "db_system_name" => system,
            "db_operation_name" => operation,
        );
        Self {
            operation,
            collection: collection.into(),
            span_name: format!("{operation} {collection}").trim_end().to_owned(),
            duration,
            slow,
        }
    }
}

fn count_overflow() {
    metrics::counter!(metric::METRICS_LABEL_OVERFLOW, "metric" => metric::DB_OPERATION_DURATION)
        .increment(1);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(collection: &str) -> Shape<'_> {
        Shape {
            operation: "SELECT",
            collection,
        }
    }

    #[test]
    fn a_shape_is_learned_once() {
        let shapes = Shapes::new("sqlite");
        let first = shapes.get(shape("orders"));
        assert!(Arc::ptr_eq(&first, &shapes.get(shape("orders"))));
        assert_eq!(first.span_name, "SELECT orders");
        assert_eq!(shapes.get(shape("")).span_name, "SELECT");
    }

    #[test]
    fn a_text_that_comes_again_is_known_and_one_that_takes_its_place_is_another() {
        let shapes = Shapes::new("sqlite");
        let texts =
            (0..2000).map(|id| SqlStr::from_static(format!("SELECT {id} FROM t{}", id % 9).leak()));
        let texts: Vec<_> = texts.collect();
        for sql in texts.iter().chain(&texts) {
            let (first, shown) = shapes.of(sql);
            let masked = format!("SELECT ? FROM {}", first.collection);
            assert_eq!(shown.text(sql.as_str()), masked);
            assert_eq!(&*first.collection, &sql.as_str()[sql.as_str().len() - 2..]);
            assert!(Arc::ptr_eq(&first, &shapes.of(sql).0));
        }
    }

    #[test]
    fn collections_past_the_budget_share_one_name() {
        let shapes = Shapes {
            budget: 2,
            ..Shapes::new("sqlite")
        };
        let names = ["a", "b", "c", "d", "a"].map(|name| shapes.get(shape(name)).span_name.clone());
        assert_eq!(
            names,
            [
                "SELECT a",
                "SELECT b",
                "SELECT _overflow",
                "SELECT _overflow",
                "SELECT a"
            ]
        );
    }
}
