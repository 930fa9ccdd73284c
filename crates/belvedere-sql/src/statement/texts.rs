//! What was made of the texts that come again and again: to read one anew costs more than to measure its statement.

use std::{
    hash::BuildHasher,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use foldhash::fast::RandomState;
use sqlx::SqlStr;

use super::{shapes::Known, show::Shown};

/// Texts that are remembered at once: far more than a service writes down, so that two of these seldom share a place.
const PLACES: usize = 512;
/// Longer ones are built, and come once.
const LONGEST: usize = 2048;

/// A place for each text, which belongs to whichever came last.
#[derive(Debug)]
pub(super) struct Texts {
    places: Box<[Mutex<Option<Text>>]>,
    hasher: RandomState,
}

#[derive(Debug)]
struct Text {
    sql: SqlStr,
    known: Arc<Known>,
    shown: Shown,
}

impl Texts {
    pub(super) fn new() -> Self {
        Self {
            places: (0..PLACES).map(|_| Mutex::default()).collect(),
            hasher: RandomState::default(),
        }
    }

    /// What is known of `sql`: what `learn` finds out, unless it has come before.
    pub(super) fn get(
        &self,
        sql: &SqlStr,
        learn: impl FnOnce() -> Arc<Known>,
    ) -> (Arc<Known>, Shown) {
        if sql.as_str().len() > LONGEST {
            return (learn(), Shown::Unread);
        }
        let mut place = self.place(sql.as_str());
        match &*place {
            Some(text) if text.sql.as_str() == sql.as_str() => {
                (Arc::clone(&text.known), text.shown.clone())
            }
            _ => {
                let (known, shown) = (learn(), Shown::of(sql.as_str()));
                *place = Some(Text {
                    sql: sql.clone(),
                    known: Arc::clone(&known),
                    shown: shown.clone(),
                });
                (known, shown)
            }
        }
    }

    fn place(&self, sql: &str) -> MutexGuard<'_, Option<Text>> {
        let hash = self.hasher.hash_one(sql);
        let at = hash as usize % PLACES;
        self.places[at]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
