//! Panics that their catcher tells, and not the hook: one that is tried again is not yet news.

use std::{
    any::Any,
    cell::RefCell,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll},
};

thread_local! {
    static REPORT: RefCell<Waiting> = const { RefCell::new(Waiting::Nobody) };
}

/// Who waits for a panic of this thread.
#[derive(Debug)]
enum Waiting {
    Nobody,
    /// It polls a [`Caught`].
    Catcher(Option<Report>),
}

#[derive(Debug)]
struct Report {
    location: String,
    backtrace: Option<String>,
}

/// A panic that was caught, with what only its hook knew.
#[derive(Debug, thiserror::Error)]
#[error("panicked at {location}: {message}")]
pub struct Panicked {
    /// What was said, where that was a text.
    pub message: String,
    /// File, line and column.
    pub location: String,
    /// Where `RUST_BACKTRACE` asks for one.
    pub backtrace: Option<String>,
}

/// For hooks: hands the place of a panic over to whoever catches it. `false` where nobody waits for it.
pub fn hand_over(location: &str, backtrace: Option<&str>) -> bool {
    REPORT.with_borrow_mut(|slot| {
        let Waiting::Catcher(report) = slot else {
            return false;
        };
        report.get_or_insert_with(|| Report {
            location: location.to_owned(),
            backtrace: backtrace.map(str::to_owned),
        });
        true
    })
}

/// What a panic says.
pub fn message(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("not a string")
}

/// Runs `work` to its end or its panic, of which nobody else tells.
pub fn caught<F: Future>(work: F) -> Caught<F> {
    Caught { work }
}

pin_project_lite::pin_project! {
    /// See [`caught`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct Caught<F> {
        #[pin]
        work: F,
    }
}

impl<F: Future> Future for Caught<F> {
    type Output = Result<F::Output, Panicked>;

    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        let work = self.project().work;
        let above = REPORT.replace(Waiting::Catcher(None));
        let polled = catch_unwind(AssertUnwindSafe(|| work.poll(task)));
        let waited = REPORT.replace(above);
        match polled {
            Ok(polled) => polled.map(Ok),
            Err(payload) => Poll::Ready(Err(panicked(&*payload, waited))),
        }
    }
}

fn panicked(payload: &(dyn Any + Send), waited: Waiting) -> Panicked {
    let (location, backtrace) = match waited {
        Waiting::Catcher(Some(report)) => (report.location, report.backtrace),
        _ => ("an unknown place".to_owned(), None),
    };
    Panicked {
        message: message(payload).to_owned(),
        location,
        backtrace,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_handed_to_its_catcher_alone() {
        let told = caught(async {
            assert!(hand_over("here", None));
            std::panic::resume_unwind(Box::new("no way"));
        });
        let told: Result<(), _> = told.await;
        assert_eq!(told.unwrap_err().to_string(), "panicked at here: no way");
        assert!(!hand_over("there", None), "nobody waits any more");
    }

    #[tokio::test]
    async fn what_does_not_panic_is_as_it_was() {
        assert_eq!(caught(async { 7 }).await.unwrap(), 7);
    }
}
