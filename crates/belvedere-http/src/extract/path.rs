use axum::extract::{FromRequestParts, Path as AxumPath, rejection::PathRejection};
use http::request::Parts;
use serde::de::DeserializeOwned;

use crate::Problem;

/// Parameters of the path. Refuses with 400 `invalid_path`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match AxumPath::from_request_parts(parts, state).await {
            Ok(AxumPath(value)) => Ok(Self(value)),
            Err(PathRejection::FailedToDeserializePathParams(error)) => {
                Err(Problem::bad_request("invalid_path")
                    .detail("a parameter of the path cannot be read; see errors")
                    .field("path", error.into_kind().to_string()))
            }
            Err(missing) => Err(Problem::internal(missing)),
        }
    }
}
