//! A stream out of an async block, which may borrow from itself: a connection and what is read from it.

use std::{
    future, mem,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use belvedere_core::BoxFuture;
use futures_core::{Stream, stream::BoxStream};
use futures_util::StreamExt;

/// Where the block puts its items, one at a time.
#[derive(Debug)]
pub(crate) struct Outlet<T>(Arc<Mutex<Option<T>>>);

/// Runs `work` as its stream is polled; an error of `work` is the last item.
pub(crate) fn generate<'e, T, E, W>(
    work: impl FnOnce(Outlet<T>) -> W,
) -> BoxStream<'e, Result<T, E>>
where
    T: Send + 'e,
    E: 'e,
    W: Future<Output = Result<(), E>> + Send + 'e,
{
    let slot = Arc::new(Mutex::new(None));
    let work: BoxFuture<'e, _> = Box::pin(work(Outlet(Arc::clone(&slot))));
    let generated = Generated {
        work: Some(work),
        slot: Outlet(slot),
    };
    generated.boxed()
}

impl<T> Outlet<T> {
    /// Resolves when the consumer wants more.
    pub(crate) async fn send(&self, item: T) {
        *self.slot() = Some(item);
        let mut sent = false;
        // Pending without a waker: the item in the slot makes the stream ready, and its next poll comes back here.
        future::poll_fn(|_| match mem::replace(&mut sent, true) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        })
        .await;
    }

    fn slot(&self) -> MutexGuard<'_, Option<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Generated<'e, T, E> {
    work: Option<BoxFuture<'e, Result<(), E>>>,
    slot: Outlet<T>,
}

impl<T, E> Stream for Generated<'_, T, E> {
    type Item = Result<T, E>;

    fn poll_next(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(work) = &mut self.work else {
            return Poll::Ready(None);
        };
        let Poll::Ready(outcome) = work.as_mut().poll(task) else {
            let item = self.slot.slot().take();
            return item.map_or(Poll::Pending, |item| Poll::Ready(Some(Ok(item))));
        };
        self.work = None;
        Poll::Ready(outcome.err().map(Err))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn items_come_in_order_and_an_error_comes_last() {
        let numbers = generate(|outlet| async move {
            for number in 0..3 {
                tokio::task::yield_now().await;
                outlet.send(number).await;
            }
            Err("the end")
        });
        let got: Vec<_> = numbers.collect().await;
        assert_eq!(got, [Ok(0), Ok(1), Ok(2), Err("the end")]);
    }
}
