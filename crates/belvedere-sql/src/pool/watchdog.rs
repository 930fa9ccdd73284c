//! Tells of statements that run for too long while they do: whoever looks at the log of a service that hangs sees why.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time;

use crate::statement::Sight;

/// Half of the threshold, between these two: looking costs a lock for each connection.
const SHORTEST_ROUND: Duration = Duration::from_millis(50);
const LONGEST_ROUND: Duration = Duration::from_secs(1);

/// Where running statements can be seen: as many places as there are connections in use.
#[derive(Debug, Default)]
pub(crate) struct Sights(Mutex<Places>);

#[derive(Debug, Default)]
struct Places {
    all: Vec<Arc<Sight>>,
    free: Vec<Arc<Sight>>,
}

impl Sights {
    /// A place for a connection.
    pub(super) fn take(&self) -> Arc<Sight> {
        let mut places = self.lock();
        if let Some(free) = places.free.pop() {
            return free;
        }
        let new = Arc::<Sight>::default();
        places.all.push(Arc::clone(&new));
        new
    }

    pub(super) fn give_back(&self, place: Arc<Sight>) {
        self.lock().free.push(place);
    }

    fn look(&self) {
        let all = self.lock().all.clone();
        for sight in all {
            sight.look();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Places> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks until the pool is gone: one task for each pool, however many statements there are.
pub(super) fn start(sights: &Arc<Sights>, slow_after: Duration) {
    let round = (slow_after / 2).clamp(SHORTEST_ROUND, LONGEST_ROUND);
    let sights = Arc::downgrade(sights);
    belvedere_core::spawn(async move {
        loop {
            time::sleep(round).await;
            let Some(sights) = sights.upgrade() else {
                return;
            };
            sights.look();
        }
    });
}
