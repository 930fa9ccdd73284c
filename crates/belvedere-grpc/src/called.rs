//! What a handler asks of the call it is in.

use belvedere_core::{Identity, RequestContext};
use belvedere_http::{Problem, extract};
use garde::Validate;
use tonic::Status;

use crate::status;

/// For whom the running call asks: what `Caller` is in HTTP.
///
/// # Errors
///
/// UNAUTHENTICATED outside of a call that has said it. The facade lets none through.
pub fn caller() -> Result<Identity, Status> {
    let known = RequestContext::with(|context| context.identity().cloned());
    known
        .flatten()
        .ok_or_else(|| status(Problem::unauthorized()))
}

/// What was asked for, if it keeps its own rules (`#[derive(garde::Validate)]`): what `Valid` is in HTTP.
///
/// # Errors
///
/// INVALID_ARGUMENT, with each field that breaks a rule.
pub fn valid<T>(asked: T) -> Result<T, Status>
where
    T: Validate<Context: Default>,
{
    extract::check(&asked).map_err(status)?;
    Ok(asked)
}
