//! Whether what a function returned is a failure: told apart by its type, where the attribute macros see only its words.
//!
//! `(&&&&Ended(&returned)).failed()` finds the first that fits: a future in a `Result` or an `Option`, a `Result`, a future, anything
//! else.

use super::Failed;

/// What was returned.
#[derive(Debug)]
pub struct Ended<'r, T>(pub &'r T);

/// An error is a failure, and its type the name of it.
pub trait ResultEnd {
    /// The failure, if it is one.
    fn failed(&self) -> Failed;
}

impl<T, E> ResultEnd for &&Ended<'_, Result<T, E>> {
    fn failed(&self) -> Failed {
        self.0.is_err().then(std::any::type_name::<E>)
    }
}

/// Work that has not begun when the span ends: never right.
pub trait FutureEnd<T> {
    /// Does not compile.
    fn failed(&self) -> Failed
    where
        T: NoFuture;
}

impl<F: Future> FutureEnd<F> for &Ended<'_, F> {
    fn failed(&self) -> Failed
    where
        F: NoFuture,
    {
        None
    }
}

/// The same, where there may be none.
pub trait InnerFutureEnd<T> {
    /// Does not compile.
    fn failed(&self) -> Failed
    where
        T: NoFuture;
}

impl<F: Future, E> InnerFutureEnd<F> for &&&Ended<'_, Result<F, E>> {
    fn failed(&self) -> Failed
    where
        F: NoFuture,
    {
        None
    }
}

impl<F: Future> InnerFutureEnd<F> for &&&Ended<'_, Option<F>> {
    fn failed(&self) -> Failed
    where
        F: NoFuture,
    {
        None
    }
}

/// Nothing is that comes here.
#[diagnostic::on_unimplemented(
    message = "the span would end before the work that this function returns has begun",
    label = "this is a future",
    note = "make the function an `async fn`, or put the attribute on the `async fn` that does the work"
)]
pub trait NoFuture {}

/// What cannot fail.
pub trait AnyEnd {
    /// Never.
    fn failed(&self) -> Failed;
}

impl<T> AnyEnd for Ended<'_, T> {
    fn failed(&self) -> Failed {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(
        clippy::needless_borrow,
        reason = "the references choose among the traits, as the macros write them"
    )]
    fn an_error_is_a_failure_with_the_name_of_its_type_and_nothing_else_is() {
        let refused: Result<(), std::fmt::Error> = Err(std::fmt::Error);
        assert_eq!((&&&&Ended(&refused)).failed(), Some("core::fmt::Error"));
        let fine: Result<u8, std::fmt::Error> = Ok(1);
        assert_eq!((&&&&Ended(&fine)).failed(), None);
        assert_eq!((&&&&Ended(&None::<u8>)).failed(), None);
    }
}
