use garde::Validate;
use serde::Deserialize;
use utoipa::IntoParams;

/// Rows of a page where a caller names no number.
const LIMIT: i64 = 20;

/// Which part of a list a caller wants, by `?limit&cursor`: to be taken as `Valid<Query<PageRequest>>`.
///
/// The cursor says where the page before has ended, so that rows that come and go meanwhile shift nothing.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Validate, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
#[non_exhaustive]
pub struct PageRequest {
    /// How many at most.
    #[garde(range(min = 1, max = 100))]
    #[param(minimum = 1, maximum = 100, default = 20)]
    pub limit: i64,
    /// Where the page before has ended, as it has told.
    #[garde(inner(length(max = 128), custom(is_cursor)))]
    #[param(max_length = 128, pattern = "^[A-Za-z0-9._~-]*$")]
    pub cursor: Option<String>,
}

impl Default for PageRequest {
    fn default() -> Self {
        Self {
            limit: LIMIT,
            cursor: None,
        }
    }
}

/// What needs no escape in a query, and means nothing to a database.
fn is_cursor(cursor: &str, (): &()) -> garde::Result {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._~-".contains(&byte);
    if cursor.bytes().all(is_plain) {
        return Ok(());
    }
    Err(garde::Error::new("has to be a cursor that a page has told"))
}
