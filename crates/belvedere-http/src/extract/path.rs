use axum::{
    RequestPartsExt,
    extract::{
        FromRequestParts, Path as AxumPath, RawPathParams,
        path::{ErrorKind, FailedToDeserializePathParams},
        rejection::PathRejection,
    },
};
use http::{StatusCode, request::Parts};
use serde::de::DeserializeOwned;

use crate::Problem;

/// Parameters of the path. Refuses with 400 `invalid_path`; `errors` names the parameter.
#[derive(Debug, Clone, Copy, Default)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match AxumPath::from_request_parts(parts, state).await {
            Ok(AxumPath(value)) => Ok(Self(value)),
            Err(PathRejection::FailedToDeserializePathParams(error)) => {
                Err(path_problem(parts, error).await)
            }
            Err(missing) => Err(Problem::internal(missing)),
        }
    }
}

async fn path_problem(parts: &mut Parts, error: FailedToDeserializePathParams) -> Problem {
    if error.status() == StatusCode::INTERNAL_SERVER_ERROR {
        // The handler asks for what its route does not have.
        return Problem::internal(error);
    }
    let message = error.to_string();
    let field = match error.into_kind() {
        ErrorKind::ParseErrorAtKey { key, .. }
        | ErrorKind::DeserializeError { key, .. }
        | ErrorKind::InvalidUtf8InPathParam { key } => key,
        ErrorKind::ParseErrorAtIndex { index, .. } => name_at(parts, index).await,
        _ => name_at(parts, 0).await,
    };
    Problem::bad_request("invalid_path")
        .detail("a parameter of the path cannot be read; see errors")
        .field(field, message)
}

/// The name of a parameter that axum knows by its place only, because the handler takes a tuple or a single value.
async fn name_at(parts: &mut Parts, index: usize) -> String {
    let parameters = parts.extract::<RawPathParams>().await;
    let name = parameters
        .ok()
        .and_then(|parameters| Some(parameters.iter().nth(index)?.0.to_owned()));
    name.unwrap_or_default()
}
