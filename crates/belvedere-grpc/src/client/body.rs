use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use pin_project_lite::pin_project;
use tokio::time::Sleep;
use tonic::{Code, Status, body::Body};

use super::sent::Sent;

pin_project! {
    /// An answer that tells its call when its trailers have come, or its time is over.
    pub(super) struct SentBody {
        #[pin]
        pub(super) inner: Body,
        pub(super) sent: Sent,
        #[pin]
        pub(super) end: Sleep,
    }
}

impl HttpBody for SentBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        task: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let mut this = self.project();
        let polled = this.inner.as_mut().poll_frame(task);
        if polled.is_pending() {
            ready!(this.end.poll(task));
            this.sent.end(Code::DeadlineExceeded);
            let over = Status::deadline_exceeded("the time of the call is over");
            return Poll::Ready(Some(Err(over)));
        }
        let frame = ready!(polled);
        match &frame {
            Some(Ok(frame)) => {
                if let Some(trailers) = frame.trailers_ref() {
                    let status = trailers.get(Status::GRPC_STATUS);
                    let code = status.map(|status| Code::from_bytes(status.as_bytes()));
                    this.sent.end(code.unwrap_or(Code::Unknown));
                }
            }
            Some(Err(error)) => this.sent.end(error.code()),
            None => this.sent.end(Code::Unknown),
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
