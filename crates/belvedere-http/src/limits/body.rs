use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{Error, body::Body};
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::{Sleep, sleep_until};

use super::{Allowance, Cut};

type Polled = Poll<Option<Result<Frame<Bytes>, Error>>>;

/// A request's body that ends with an error where its [`Allowance`] does.
#[derive(Debug)]
pub(crate) struct LimitedBody {
    inner: Body,
    allowance: Arc<Allowance>,
    read: u64,
    /// Made when the caller is first waited for: most bodies come with their head.
    sleep: Option<Pin<Box<Sleep>>>,
    is_decoded: bool,
}

impl LimitedBody {
    /// A body as it comes from the caller.
    pub(crate) fn new(inner: Body, allowance: Arc<Allowance>) -> Self {
        Self {
            inner,
            allowance,
            read: 0,
            sleep: None,
            is_decoded: false,
        }
    }

    /// What a decoder makes of a [`LimitedBody`].
    pub(crate) fn of_decoded(inner: Body, allowance: Arc<Allowance>) -> Self {
        Self {
            is_decoded: true,
            ..Self::new(inner, allowance)
        }
    }

    fn cut(&self, why: Cut) -> Polled {
        self.allowance.cut(why);
        Poll::Ready(Some(Err(Error::new(why))))
    }

    fn count(&mut self, frame: Frame<Bytes>) -> Polled {
        self.allowance.arrive();
        self.read += frame.data_ref().map_or(0, |data| data.len() as u64);
        if self.allowance.is_passed_by(self.read) {
            return self.cut(Cut::TooLarge);
        }
        Poll::Ready(Some(Ok(frame)))
    }

    fn fail(&self, error: Error) -> Polled {
        // A decoder fails by itself, or because what it reads from has ended.
        if self.is_decoded && !self.allowance.has_failed() {
            return self.cut(Cut::Undecodable);
        }
        self.allowance.fail();
        Poll::Ready(Some(Err(error)))
    }

    fn wait(&mut self, task: &mut Context<'_>) -> Polled {
        if self.is_decoded {
            return Poll::Pending;
        }
        self.allowance.wait();
        let deadline = self.allowance.deadline();
        let sleep = self
            .sleep
            .get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        match sleep.as_mut().poll(task) {
            Poll::Ready(()) => self.cut(Cut::TooSlow),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl HttpBody for LimitedBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Polled {
        if self.allowance.is_passed_by(self.read) {
            return self.cut(Cut::TooLarge);
        }
        match Pin::new(&mut self.inner).poll_frame(task) {
            Poll::Ready(Some(Ok(frame))) => self.count(frame),
            Poll::Ready(Some(Err(error))) => self.fail(error),
            Poll::Ready(None) => {
                self.allowance.arrive();
                Poll::Ready(None)
            }
            Poll::Pending => self.wait(task),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
