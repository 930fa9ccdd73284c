use std::{
    error::Error as StdError,
    io::{self, ErrorKind},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
};

use axum::{Error, body::Body};
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::{Record, completion::Completion};

pin_project! {
    /// A response body that makes the completion record at its end, however it ends.
    #[derive(Debug)]
    pub struct ResponseBody<R = Completion, B = Body> {
        #[pin]
        inner: B,
        record: R,
    }
}

impl<R, B> ResponseBody<R, B> {
    pub(super) const fn new(inner: B, record: R) -> Self {
        Self { inner, record }
    }
}

impl<R, B> HttpBody for ResponseBody<R, B>
where
    R: Record,
    B: HttpBody<Data = Bytes, Error = Error>,
{
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        task: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let mut this = self.project();
        let context = Arc::clone(this.record.context());
        let polled = context
            .enter(|| catch_unwind(AssertUnwindSafe(|| this.inner.as_mut().poll_frame(task))));
        let Ok(polled) = polled else {
            let last = this.record.panicked().map(Frame::trailers);
            let reset = || Error::new("the response body panicked");
            return Poll::Ready(Some(last.ok_or_else(reset)));
        };
        let mut frame = ready!(polled);
        match &mut frame {
            Some(Ok(frame)) => this.record.frame(frame),
            Some(Err(error)) => this.record.fail(error),
            None => this.record.end(),
        }
        // The connection asks this before it polls again, and then never polls.
        if this.inner.is_end_stream() {
            this.record.end();
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

/// What is known of a request's body while and after it is read.
#[derive(Debug, Default)]
pub(super) struct Upload {
    bytes: AtomicU64,
    is_broken: AtomicBool,
}

impl Upload {
    /// Bytes read so far.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Whether the caller went away in the middle of it.
    pub(super) fn is_broken(&self) -> bool {
        self.is_broken.load(Ordering::Relaxed)
    }
}

pin_project! {
    /// A request body that is watched as it is read.
    pub(super) struct RequestBody {
        #[pin]
        inner: Body,
        upload: Arc<Upload>,
    }
}

impl RequestBody {
    pub(super) const fn new(inner: Body, upload: Arc<Upload>) -> Self {
        Self { inner, upload }
    }
}

impl HttpBody for RequestBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        task: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = self.project();
        let frame = ready!(this.inner.poll_frame(task));
        match &frame {
            Some(Ok(frame)) => {
                let read = frame.data_ref().map_or(0, |data| data.len() as u64);
                this.upload.bytes.fetch_add(read, Ordering::Relaxed);
            }
            Some(Err(error)) if !is_malformed(error) => {
                this.upload.is_broken.store(true, Ordering::Relaxed);
            }
            Some(Err(_)) | None => {}
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

/// Chunks that are none (RFC 9112, section 7.1): the caller is still there, and is told so.
fn is_malformed(error: &Error) -> bool {
    let mut below = StdError::source(error);
    while let Some(error) = below {
        let kind = error.downcast_ref().map(io::Error::kind);
        if matches!(kind, Some(ErrorKind::InvalidInput | ErrorKind::InvalidData)) {
            return true;
        }
        below = error.source();
    }
    false
}
