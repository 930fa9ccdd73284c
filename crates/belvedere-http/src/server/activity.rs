use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll},
};

use axum::{Error, body::Body};
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use pin_project_lite::pin_project;
use tokio::sync::OwnedSemaphorePermit;

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
}

/// What is known of a connection without asking hyper. Written by the connection's task, but for the end of a request.
#[derive(Debug)]
pub(super) struct Activity {
    in_flight: AtomicU32,
    begun: AtomicU64,
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
            has_part_of_head: AtomicBool::new(false),
            preface: AtomicU8::new(0),
            _place: place,
        }
    }

    /// The phase, and how many requests it came after: two idle times with a request between them are not one.
    pub(super) fn phase(&self) -> (Phase, u64) {
        let begun = self.begun.load(Relaxed);
        let phase = if self.in_flight.load(Relaxed) > 0 {
            Phase::Busy
        } else if self.is_http2() {
            // Its frames are not only heads, so bytes say nothing.
            Phase::Idle
        } else if begun == 0 || self.has_part_of_head.load(Relaxed) {
            Phase::Head
        } else {
            Phase::Idle
        };
        (phase, begun)
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

/// A request that is being answered; dropped with its response's body.
#[derive(Debug)]
pub(super) struct Busy(Arc<Activity>);

impl Busy {
    pub(super) fn begin(activity: &Arc<Activity>) -> Self {
        activity.has_part_of_head.store(false, Relaxed);
        activity.begun.fetch_add(1, Relaxed);
        activity.in_flight.fetch_add(1, Relaxed);
        Self(Arc::clone(activity))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Relaxed);
    }
}

pin_project! {
    /// A response's body, which keeps its connection busy.
    pub(super) struct ServedBody {
        #[pin]
        inner: Body,
        busy: Option<Busy>,
    }
}

impl ServedBody {
    pub(super) const fn new(inner: Body, busy: Option<Busy>) -> Self {
        Self { inner, busy }
    }
}

impl HttpBody for ServedBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        task: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        self.project().inner.poll_frame(task)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::Semaphore;

    fn activity() -> Arc<Activity> {
        let place = Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap();
        Arc::new(Activity::new(place))
    }

    #[test]
    fn a_connection_waits_for_a_head_then_works_then_idles() {
        let activity = activity();
        assert_eq!(activity.phase(), (Phase::Head, 0));
        activity.received(b"GET / HTTP/1.1\r\n\r\n");
        let busy = Busy::begin(&activity);
        assert_eq!(activity.phase(), (Phase::Busy, 1));
        activity.received(b"a body");
        drop(busy);
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
}
