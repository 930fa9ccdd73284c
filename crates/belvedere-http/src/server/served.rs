use std::{
    mem,
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
pub(super) struct Busy {
    activity: Arc<Activity>,
    /// HTTP/1 has no windows: what is not taken there is seen at the socket.
    has_window: bool,
    holds: bool,
}

impl Busy {
    pub(super) fn begin(activity: &Arc<Activity>) -> Self {
        activity.begin();
        Self {
            activity: Arc::clone(activity),
            has_window: activity.is_http2(),
            holds: false,
        }
    }

    /// hyper asks for the next chunk only when the caller's window had room for this one.
    fn gave(&mut self, is_chunk: bool) {
        if !self.has_window {
            return;
        }
        if mem::replace(&mut self.holds, is_chunk) {
            self.activity.release();
        }
        if is_chunk {
            self.activity.hold();
        }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.gave(false);
        self.activity.end();
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
        let this = self.project();
        let polled = this.inner.poll_frame(task);
        if let Some(busy) = this.busy {
            busy.gave(matches!(&polled, Poll::Ready(Some(Ok(frame))) if frame.is_data()));
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
