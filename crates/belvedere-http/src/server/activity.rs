use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering::Relaxed};

use tokio::sync::OwnedSemaphorePermit;

use super::stall::Stall;

/// What every HTTP/2 connection begins with (RFC 9113, section 3.4).
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// As many bytes of the preface as it has make a connection HTTP/2; this many say that it is not.
const NO_PREFACE: u8 = u8::MAX;

/// What a connection is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// A head is awaited: the first one, or the rest of one.
    Head,
    /// Between requests.
    Idle,
    /// In a request.
    Busy,
    /// The socket takes nothing of what there is to write.
    Stalled,
    /// Every request waits for the caller to open its HTTP/2 window.
    Shut,
}

/// What is known of a connection without asking hyper. Written by the connection's task, but for what its requests do.
#[derive(Debug)]
pub(super) struct Activity {
    in_flight: AtomicU32,
    begun: AtomicU64,
    /// HTTP/2 bodies that have given a chunk and are not asked for the next.
    held: AtomicU32,
    /// How often that has changed.
    moved: AtomicU64,
    stall: Stall,
    has_part_of_head: AtomicBool,
    preface: AtomicU8,
    /// The connection's place among all others: free when its last request has ended, too.
    _place: OwnedSemaphorePermit,
}

impl Activity {
    pub(super) fn new(place: OwnedSemaphorePermit) -> Self {
        Self {
            in_flight: AtomicU32::new(0),
            begun: AtomicU64::new(0),
            held: AtomicU32::new(0),
            moved: AtomicU64::new(0),
            stall: Stall::default(),
            has_part_of_head: AtomicBool::new(false),
            preface: AtomicU8::new(0),
            _place: place,
        }
    }

    /// The phase, and a number that tells it from others of its kind: two idle times with a request between them are not one.
    pub(super) fn phase(&self) -> (Phase, u64) {
        if let Some(stall) = self.stall.current() {
            return (Phase::Stalled, stall);
        }
        let begun = self.begun.load(Relaxed);
        let in_flight = self.in_flight.load(Relaxed);
        if in_flight > 0 && in_flight == self.held.load(Relaxed) {
            (Phase::Shut, begun + self.moved.load(Relaxed))
        } else if in_flight > 0 {
            (Phase::Busy, begun)
        } else if self.is_http2() {
            // Its frames are not only heads, so bytes say nothing.
            (Phase::Idle, begun)
        } else if begun == 0 || self.has_part_of_head.load(Relaxed) {
            (Phase::Head, begun)
        } else {
            (Phase::Idle, begun)
        }
    }

    pub(super) const fn stall(&self) -> &Stall {
        &self.stall
    }

    /// A request has begun.
    pub(super) fn begin(&self) {
        self.has_part_of_head.store(false, Relaxed);
        self.begun.fetch_add(1, Relaxed);
        self.in_flight.fetch_add(1, Relaxed);
    }

    /// A request has ended.
    pub(super) fn end(&self) {
        self.in_flight.fetch_sub(1, Relaxed);
    }

    /// A chunk waits for its window.
    pub(super) fn hold(&self) {
        self.held.fetch_add(1, Relaxed);
        self.moved.fetch_add(1, Relaxed);
    }

    /// A chunk waits no more.
    pub(super) fn release(&self) {
        self.held.fetch_sub(1, Relaxed);
        self.moved.fetch_add(1, Relaxed);
    }

    /// Whether it has ever been in a request.
    pub(super) fn has_served(&self) -> bool {
        self.begun.load(Relaxed) > 0
    }

    pub(super) fn is_http2(&self) -> bool {
        usize::from(self.preface.load(Relaxed)) == PREFACE.len()
    }

    pub(super) fn received(&self, bytes: &[u8]) {
        if self.in_flight.load(Relaxed) == 0 {
            self.has_part_of_head.store(true, Relaxed);
        }
        let known = self.preface.load(Relaxed);
        if usize::from(known) < PREFACE.len() {
            self.preface.store(preface_after(known, bytes), Relaxed);
        }
    }
}

fn preface_after(known: u8, bytes: &[u8]) -> u8 {
    let expected = &PREFACE[usize::from(known)..];
    let length = expected.len().min(bytes.len());
    if expected[..length] == bytes[..length] {
        known + u8::try_from(length).expect("24 bytes at most")
    } else {
        NO_PREFACE
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use tokio::sync::Semaphore;

    fn activity() -> Activity {
        let place = Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap();
        Activity::new(place)
    }

    #[test]
    fn a_connection_waits_for_a_head_then_works_then_idles() {
        let activity = activity();
        assert_eq!(activity.phase(), (Phase::Head, 0));
        activity.received(b"GET / HTTP/1.1\r\n\r\n");
        activity.begin();
        assert_eq!(activity.phase(), (Phase::Busy, 1));
        activity.received(b"a body");
        activity.end();
        assert_eq!(activity.phase(), (Phase::Idle, 1));
        activity.received(b"G");
        assert_eq!(activity.phase(), (Phase::Head, 1));
    }

    #[test]
    fn http2_is_known_by_its_preface_in_whatever_pieces_it_comes() {
        let activity = activity();
        for byte in PREFACE {
            assert!(!activity.is_http2());
            activity.received(&[*byte]);
        }
        assert!(activity.is_http2());
        activity.received(b"\0\0\0\x04\0\0\0\0\0");
        assert_eq!(activity.phase(), (Phase::Idle, 0));
    }

    #[test]
    fn a_method_that_begins_like_the_preface_is_not_http2() {
        let activity = activity();
        activity.received(b"PR");
        activity.received(b"OPFIND / HTTP/1.1\r\nhost: x\r\n\r\n");
        activity.received(PREFACE);
        assert!(!activity.is_http2());
    }

    #[test]
    fn what_waits_to_be_written_is_told_before_all_else() {
        let activity = activity();
        activity.begin();
        activity.stall().refused();
        assert_eq!(activity.phase().0, Phase::Stalled);
        activity.stall().accepted();
        assert_eq!(activity.phase().0, Phase::Busy);
    }

    #[test]
    fn a_connection_is_shut_when_every_request_waits_for_its_window() {
        let activity = activity();
        activity.begin();
        activity.begin();
        activity.hold();
        assert_eq!(activity.phase().0, Phase::Busy);
        activity.hold();
        let (phase, first) = activity.phase();
        assert_eq!(phase, Phase::Shut);
        activity.release();
        assert_eq!(activity.phase().0, Phase::Busy);
        activity.hold();
        assert_ne!(activity.phase(), (Phase::Shut, first));
    }
}
