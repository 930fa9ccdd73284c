use axum::extract::{FromRequestParts, Query as AxumQuery};
use http::request::Parts;
use serde::de::DeserializeOwned;

use super::field;
use crate::Problem;

/// What axum says before the part that names the field.
const PREFIX: &str = "Failed to deserialize query string: ";

/// Parameters of the query. Refuses with 400 `invalid_query`; `errors` names the parameter.
#[derive(Debug, Clone, Copy, Default)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match AxumQuery::from_request_parts(parts, state).await {
            Ok(AxumQuery(value)) => Ok(Self(value)),
            Err(rejection) => Err(query_problem(&rejection.body_text())),
        }
    }
}

fn query_problem(text: &str) -> Problem {
    let text = text.strip_prefix(PREFIX).unwrap_or(text);
    // Without a path in front there may still be a colon in the words: `invalid type: map`.
    let named = text
        .split_once(": ")
        .filter(|(path, _)| !path.contains(' '));
    let (path, message) = named.unwrap_or(("", text));
    Problem::bad_request("invalid_query")
        .detail("a parameter of the query cannot be read; see errors")
        .field(field::of(path, message), message)
}
