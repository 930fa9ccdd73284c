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

#[cfg(test)]
mod tests {
    use tonic::Code;
    use tonic_types::StatusExt;

    use super::*;

    #[derive(Debug, Validate)]
    struct Asked {
        #[garde(range(min = 1))]
        quantity: u32,
    }

    #[test]
    fn what_breaks_its_own_rules_is_refused_by_its_fields() {
        let refused = valid(Asked { quantity: 0 }).unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        let wrong = refused.get_details_bad_request().unwrap();
        assert_eq!(wrong.field_violations[0].field, "quantity");
        assert_eq!(valid(Asked { quantity: 2 }).unwrap().quantity, 2);
    }

    #[test]
    fn outside_of_a_call_nobody_calls() {
        assert_eq!(caller().unwrap_err().code(), Code::Unauthenticated);
    }
}
