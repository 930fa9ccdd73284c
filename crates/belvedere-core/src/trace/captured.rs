use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use super::{Capture, Failed, capture::End};

pin_project_lite::pin_project! {
    /// A future that becomes a span: see [`Capture::follow`].
    #[must_use = "futures do nothing unless they are polled"]
    pub struct Captured<F: Future, J> {
        #[pin]
        work: Option<F>,
        capture: Capture,
        failed: J,
        // Still set when a poll has not come back.
        is_polling: bool,
    }

    impl<F: Future, J> PinnedDrop for Captured<F, J> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if this.work.is_some() {
                let end = if *this.is_polling { End::PANIC } else { End::Cancelled };
                // What it leaves when it is dropped belongs to it.
                this.capture.within(|| this.work.set(None));
                this.capture.end(end);
            }
        }
    }
}

impl<F: Future, J> Captured<F, J> {
    pub(super) const fn new(capture: Capture, work: F, failed: J) -> Self {
        Self {
            work: Some(work),
            capture,
            failed,
            is_polling: false,
        }
    }
}

impl<F, J> Future for Captured<F, J>
where
    F: Future,
    J: Fn(&F::Output) -> Failed,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let work = this.work.as_mut().as_pin_mut();
        let work = work.expect("a future is not polled after its end");
        *this.is_polling = true;
        let polled = this.capture.within(|| work.poll(task));
        *this.is_polling = false;
        if let Poll::Ready(output) = &polled {
            this.capture.within(|| this.work.set(None));
            if this.capture.0.is_some() {
                this.capture.end((this.failed)(output).into());
            }
        }
        polled
    }
}

impl<F: Future, J> fmt::Debug for Captured<F, J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Captured")
            .field("capture", &self.capture)
            .finish_non_exhaustive()
    }
}
