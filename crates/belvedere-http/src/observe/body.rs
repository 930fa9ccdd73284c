use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
};

use axum::{Error, body::Body};
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::completion::Completion;

pin_project! {
    /// A response body that makes the completion record at its end, however it ends.
    #[derive(Debug)]
    pub struct ResponseBody {
        #[pin]
        inner: Body,
        completion: Completion,
    }
}

impl ResponseBody {
    pub(super) const fn new(inner: Body, completion: Completion) -> Self {
        Self { inner, completion }
    }
}

impl HttpBody for ResponseBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        task: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let mut this = self.project();
        let context = Arc::clone(this.completion.context());
        let polled = context
            .enter(|| catch_unwind(AssertUnwindSafe(|| this.inner.as_mut().poll_frame(task))));
        let Ok(polled) = polled else {
            this.completion.panicked();
            return Poll::Ready(Some(Err(Error::new("the response body panicked"))));
        };
        let frame = ready!(polled);
        match &frame {
            Some(Ok(frame)) => this
                .completion
                .add_bytes(frame.data_ref().map_or(0, |data| data.len() as u64)),
            Some(Err(error)) => this.completion.fail(error),
            None => this.completion.end(),
        }
        // The connection asks this before it polls again, and then never polls.
        if this.inner.is_end_stream() {
            this.completion.end();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

pin_project! {
    /// A request body of unknown length.
    pub(super) struct CountedBody {
        #[pin]
        inner: Body,
        bytes: Arc<AtomicU64>,
    }
}

impl CountedBody {
    pub(super) const fn new(inner: Body, bytes: Arc<AtomicU64>) -> Self {
        Self { inner, bytes }
    }
}

impl HttpBody for CountedBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        task: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = self.project();
        let frame = ready!(this.inner.poll_frame(task));
        if let Some(Ok(frame)) = &frame {
            let read = frame.data_ref().map_or(0, |data| data.len() as u64);
            this.bytes.fetch_add(read, Ordering::Relaxed);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
