//! Drills side by side: each lane has a whole stack of its own, and takes the next drill that waits.

use std::collections::VecDeque;
use std::fs;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};
use std::thread;

use anyhow::{Result, bail};

use super::build::Built;
use super::report::{Row, Table};
use super::run;
use super::stack::Stack;
use super::table::Drill;
use super::transcript::Transcript;
use crate::interrupt;

/// Most of a drill is waiting; what is not, two cores can do for two.
const LANES: usize = 2;

/// What became of them.
#[derive(Default)]
pub(super) struct Outcome {
    /// With its place among the drills.
    rows: Vec<(usize, Row)>,
    pub(super) failed: Vec<String>,
}

impl Outcome {
    /// In the drills' own order, whichever ended first.
    pub(super) fn table(mut self) -> Table {
        self.rows.sort_by_key(|(number, _)| *number);
        Table(self.rows.into_iter().map(|(_, row)| row).collect())
    }
}

struct Lanes<'a> {
    built: &'a Built,
    /// Where to keep what was seen.
    folder: Option<&'a Path>,
    waiting: Mutex<VecDeque<(usize, &'static Drill)>>,
    outcome: Mutex<Outcome>,
    /// Written by what nothing may run beside.
    floor: RwLock<()>,
}

pub(super) fn go_through(
    built: &Built,
    drills: Vec<&'static Drill>,
    folder: Option<&Path>,
) -> Result<Outcome> {
    let count = LANES.min(drills.len());
    let mut waiting: Vec<_> = drills.into_iter().enumerate().collect();
    // First: later, one lane would have to wait for the other.
    waiting.sort_by_key(|(_, drill)| !drill.is_alone);
    let lanes = Lanes {
        built,
        folder,
        waiting: Mutex::new(waiting.into()),
        outcome: Mutex::default(),
        floor: RwLock::default(),
    };
    thread::scope(|scope| {
        let running: Vec<_> = (0..count).map(|_| scope.spawn(|| lanes.run())).collect();
        running.into_iter().try_for_each(|lane| match lane.join() {
            Ok(ended) => ended,
            Err(_) => bail!("a lane of drills panicked"),
        })
    })?;
    let outcome = lanes.outcome.into_inner();
    Ok(outcome.unwrap_or_else(PoisonError::into_inner))
}

impl Lanes<'_> {
    fn run(&self) -> Result<()> {
        let ended = self.lane();
        if ended.is_err() {
            // The other one ends with what it is at.
            self.waiting().clear();
        }
        ended
    }

    fn lane(&self) -> Result<()> {
        let mut stack = Stack::start(self.built)?;
        loop {
            let next = self.waiting().pop_front();
            let Some((number, drill)) = next else {
                return Ok(());
            };
            let ended = self.drill(&mut stack, drill);
            interrupt::check()?;
            self.note(number, drill, ended)?;
        }
    }

    fn drill(&self, stack: &mut Stack, drill: &'static Drill) -> Result<(Row, Transcript)> {
        if drill.is_alone {
            let _all = self.floor.write().unwrap_or_else(PoisonError::into_inner);
            return run::drill(stack, drill);
        }
        let _part = self.floor.read().unwrap_or_else(PoisonError::into_inner);
        run::drill(stack, drill)
    }

    fn note(&self, number: usize, drill: &Drill, ended: Result<(Row, Transcript)>) -> Result<()> {
        let named = format!("{}/{}", drill.alert, drill.shown());
        let mut outcome = self.outcome.lock().unwrap_or_else(PoisonError::into_inner);
        match ended {
            Ok((row, seen)) => {
                println!("{row}");
                outcome.rows.push((number, row));
                self.folder
                    .map_or(Ok(()), |folder| keep(folder, &named, &seen))
            }
            Err(error) => {
                println!("{named} failed: {error:#}");
                outcome.failed.push(named);
                Ok(())
            }
        }
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<(usize, &'static Drill)>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn keep(folder: &Path, named: &str, seen: &Transcript) -> Result<()> {
    let folder = folder.join("transcripts");
    fs::create_dir_all(&folder)?;
    let file = format!("{}.txt", named.replace(['/', ' '], "-"));
    Ok(fs::write(folder.join(file), seen.to_string())?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn rows_come_in_the_order_of_the_drills() {
        let row = |cause: &str| Row {
            alert: "ServiceDown",
            cause: cause.to_owned(),
            way: "page".to_owned(),
            fired: Duration::ZERO,
            resolved: Duration::ZERO,
        };
        let outcome = Outcome {
            rows: vec![(2, row("third")), (0, row("first")), (1, row("second"))],
            failed: Vec::new(),
        };
        let table = outcome.table().to_string();
        let places = ["first", "second", "third"].map(|cause| table.find(cause));
        assert!(places.is_sorted() && places[0].is_some(), "{table}");
    }
}
