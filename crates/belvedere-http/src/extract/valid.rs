use axum::extract::{FromRequest, FromRequestParts, Request};
use garde::Validate;
use http::request::Parts;

use super::{Json, Path, Query};
use crate::{FieldError, Problem};

/// Another extractor's value, checked by its own rules (`#[derive(garde::Validate)]`). Refuses with 422; `errors` names
/// each field that breaks a rule.
#[derive(Debug, Clone, Copy, Default)]
pub struct Valid<E>(pub E);

/// An extractor that holds a value to check.
pub trait Inspect {
    /// The value's type.
    type Value;

    /// The value.
    fn inspect(&self) -> &Self::Value;
}

macro_rules! inspect {
    ($($extractor:ident),*) => {
        $(impl<T> Inspect for $extractor<T> {
            type Value = T;

            fn inspect(&self) -> &T {
                &self.0
            }
        })*
    };
}

inspect!(Json, Path, Query);

/// `Json` is the one extractor here that takes the body.
impl<T, S> FromRequest<S> for Valid<Json<T>>
where
    Json<T>: FromRequest<S, Rejection = Problem>,
    T: Validate<Context: Default>,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        checked(Json::from_request(request, state).await?)
    }
}

macro_rules! valid_parts {
    ($($extractor:ident),*) => {
        $(impl<T, S> FromRequestParts<S> for Valid<$extractor<T>>
        where
            $extractor<T>: FromRequestParts<S, Rejection = Problem>,
            T: Validate<Context: Default>,
            S: Send + Sync,
        {
            type Rejection = Problem;

            async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
                checked($extractor::from_request_parts(parts, state).await?)
            }
        })*
    };
}

valid_parts!(Path, Query);

fn checked<E>(extracted: E) -> Result<Valid<E>, Problem>
where
    E: Inspect,
    E::Value: Validate<Context: Default>,
{
    check(extracted.inspect())?;
    Ok(Valid(extracted))
}

/// Checks a value that was not extracted, by the same rules.
///
/// # Errors
///
/// 422, with each field that breaks a rule.
pub fn check<T>(value: &T) -> Result<(), Problem>
where
    T: Validate<Context: Default>,
{
    let refused = |report: garde::Report| {
        let errors = report.iter().map(field_error);
        Problem::validation(errors.collect())
    };
    value.validate().map_err(refused)
}

fn field_error((path, error): &(garde::Path, garde::Error)) -> FieldError {
    FieldError {
        field: path.to_string(),
        message: error.message().to_owned(),
    }
}
