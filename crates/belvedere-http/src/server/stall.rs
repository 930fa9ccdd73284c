use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Whether a socket takes what is written to it. Written by its connection's task alone.
///
/// Odd while bytes wait: each stall has a number of its own, so one that has moved in between is not the same.
#[derive(Debug, Default)]
pub(super) struct Stall(AtomicU64);

impl Stall {
    /// The socket took nothing. Whether that is so for the second time in a row.
    pub(super) fn refused(&self) -> bool {
        let turn = self.0.load(Relaxed);
        let was_stalled = turn % 2 == 1;
        if !was_stalled {
            self.0.store(turn + 1, Relaxed);
        }
        was_stalled
    }

    /// The socket took something.
    pub(super) fn accepted(&self) {
        let turn = self.0.load(Relaxed);
        if turn % 2 == 1 {
            self.0.store(turn + 1, Relaxed);
        }
    }

    /// The number of the stall that it is in.
    pub(super) fn current(&self) -> Option<u64> {
        let turn = self.0.load(Relaxed);
        (turn % 2 == 1).then_some(turn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stall_that_moves_is_another_one() {
        let stall = Stall::default();
        stall.accepted();
        assert_eq!(stall.current(), None);
        assert!(!stall.refused());
        let first = stall.current();
        assert!(first.is_some());
        assert!(stall.refused());
        assert_eq!(stall.current(), first);
        stall.accepted();
        assert_eq!(stall.current(), None);
        assert!(!stall.refused());
        assert_ne!(stall.current(), first);
    }
}
