use std::time::Duration;

use axum::http::StatusCode;
use belvedere_http::Problem;
use belvedere_profile::{ProfileError, Sampling};

use super::order::Format;

#[derive(Debug)]
pub(super) struct Begun(Sampling);

/// On a thread that may take its time: the first profile of a process reads the names of all its functions.
pub(super) async fn begin() -> Result<Begun, Problem> {
    let begun = tokio::task::spawn_blocking(Sampling::begin).await;
    let begun = begun.map_err(Problem::internal)?;
    begun.map(Begun).map_err(refusal)
}

impl Begun {
    pub(super) async fn take(self, time: Duration, format: Format) -> Result<Vec<u8>, Problem> {
        tokio::time::sleep(time).await;
        let format = match format {
            Format::Svg => belvedere_profile::Format::Svg,
            Format::Pprof => belvedere_profile::Format::Pprof,
        };
        self.0.finish(format).await.map_err(refusal)
    }
}

fn refusal(error: ProfileError) -> Problem {
    match error {
        ProfileError::Busy => Problem::new(StatusCode::CONFLICT, "profile_in_progress").detail(
            "another profile is being taken; come again when it has ended, after a minute at most",
        ),
        error => Problem::internal(error),
    }
}
