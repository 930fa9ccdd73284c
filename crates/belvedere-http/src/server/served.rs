use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{Error, body::Body};
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::activity::Activity;

/// A request that is being answered; dropped with its response's body.
#[derive(Debug)]
pub(super) struct Busy(Arc<Activity>);

impl Busy {
    pub(super) fn begin(activity: &Arc<Activity>) -> Self {
        activity.begin();
        Self(Arc::clone(activity))
    }

    /// HTTP/1 has none: what is not taken there is seen at the socket.
    fn has_window(&self) -> bool {
        self.0.is_http2()
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// A chunk that waits for its window.
#[derive(Debug)]
struct Held(Arc<Activity>);

impl Held {
    fn begin(busy: &Busy) -> Self {
        busy.0.hold();
        Self(Arc::clone(&busy.0))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.release();
    }
}

pin_project! {
    /// A response's body, which keeps its connection busy.
    pub(super) struct ServedBody {
        #[pin]
        inner: Body,
        // Above `busy`, so that it is dropped first: a request that has ended holds nothing.
        held: Option<Held>,
        busy: Option<Busy>,
    }
}

impl ServedBody {
    pub(super) const fn new(inner: Body, busy: Option<Busy>) -> Self {
        Self {
            inner,
            held: None,
            busy,
        }
    }
}

impl HttpBody for ServedBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        task: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = self.project();
        let Some(busy) = this.busy.as_ref().filter(|busy| busy.has_window()) else {
            return this.inner.poll_frame(task);
        };
        let polled = this.inner.poll_frame(task);
        let is_chunk = matches!(&polled, Poll::Ready(Some(Ok(frame))) if frame.is_data());
        // hyper asks for the next chunk only when there was room for this one.
        *this.held = is_chunk.then(|| Held::begin(busy));
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
