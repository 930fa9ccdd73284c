use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering::Relaxed},
};

/// The requests that are handled at the same time.
#[derive(Debug, Clone)]
pub struct Crowd(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    limit: u32,
    inside: AtomicU32,
}

impl Crowd {
    /// So many at most.
    pub fn new(limit: u32) -> Self {
        let inside = AtomicU32::new(0);
        Self(Arc::new(Inner { limit, inside }))
    }

    /// A place for one more, or `None` when all are taken. Nobody waits for one: who waits takes memory too, and his caller has
    /// given up by the time it is his turn.
    pub fn enter(&self) -> Option<Place> {
        if self.0.inside.fetch_add(1, Relaxed) < self.0.limit {
            return Some(Place(self.clone()));
        }
        self.leave();
        None
    }

    fn leave(&self) {
        self.0.inside.fetch_sub(1, Relaxed);
    }
}

/// Taken until it is dropped.
#[derive(Debug)]
pub struct Place(Crowd);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.leave();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_free_again_when_it_is_dropped() {
        let crowd = Crowd::new(1);
        let place = crowd.enter().unwrap();
        assert!(crowd.enter().is_none());
        assert!(crowd.enter().is_none());
        drop(place);
        assert!(crowd.enter().is_some());
    }
}
