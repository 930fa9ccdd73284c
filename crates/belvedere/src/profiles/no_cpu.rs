use std::{convert::Infallible, time::Duration};

use belvedere_http::Problem;

use super::order::Format;

/// Not built in: there is none.
#[derive(Debug)]
pub(super) struct Begun(Infallible);

pub(super) async fn begin() -> Result<Begun, Problem> {
    let detail = "this service was built without the feature `profiling` of belvedere";
    Err(Problem::not_found("profiling_not_built_in").detail(detail))
}

impl Begun {
    pub(super) async fn take(self, _: Duration, _: Format) -> Result<Vec<u8>, Problem> {
        match self.0 {}
    }
}
