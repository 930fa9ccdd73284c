use std::sync::{Arc, Mutex, PoisonError, Weak};

/// What is read where it is when somebody scrapes: telling each change would cost more, and be late where it ends by itself.
pub trait Observed: Send + Sync {
    /// Sets its gauges to what is so now.
    fn observe(&self);
}

static OBSERVED: Mutex<Vec<Weak<dyn Observed>>> = Mutex::new(Vec::new());

/// Has it read at every scrape, for as long as it lives.
pub fn observe_at_scrapes<O: Observed + 'static>(observed: &Arc<O>) {
    let observed: Weak<dyn Observed> = Arc::<O>::downgrade(observed);
    let mut all = OBSERVED.lock().unwrap_or_else(PoisonError::into_inner);
    all.retain(|known| known.strong_count() > 0);
    all.push(observed);
}

/// Reads all that there is: for recorders, before they render.
pub fn observe_all() {
    let all = OBSERVED.lock().unwrap_or_else(PoisonError::into_inner);
    let living: Vec<_> = all.iter().filter_map(Weak::upgrade).collect();
    // Whoever is the last to hold one drops it without the lock.
    drop(all);
    living.iter().for_each(|observed| observed.observe());
}
