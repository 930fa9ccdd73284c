use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;

use super::UpstreamError;

/// What an upstream answered, all of it.
#[derive(Clone)]
pub struct Answer {
    pub(super) upstream: &'static str,
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Answer({} {})", self.upstream, self.status)
    }
}

impl Answer {
    /// 200, 402, 503, ...
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// Its headers.
    pub const fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Its body.
    pub const fn body(&self) -> &Bytes {
        &self.body
    }

    /// Its body, read as JSON whatever its `content-type`.
    ///
    /// # Errors
    ///
    /// It is none, or another one than expected.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, UpstreamError> {
        serde_json::from_slice(&self.body).map_err(|error| UpstreamError::NotJson {
            name: self.upstream,
            line: error.line(),
            column: error.column(),
        })
    }
}
