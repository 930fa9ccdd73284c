use std::{error::Error, sync::Arc};

use jemalloc_pprof::PROF_CTL;

/// Why there is no profile.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HeapError {
    /// The process was started without `_RJEM_MALLOC_CONF=prof:true`.
    #[error("jemalloc does not sample: start with _RJEM_MALLOC_CONF=prof:true")]
    Off,
    /// jemalloc could not write it, or it could not be read.
    #[error("the heap profile could not be written down")]
    Write(#[source] Box<dyn Error + Send + Sync>),
}

/// What is allocated now and was sampled, by the code that asked for it: gzipped protobuf for `pprof`.
///
/// # Errors
///
/// Nothing is sampled, or writing it down failed.
pub async fn profile() -> Result<Vec<u8>, HeapError> {
    let control = PROF_CTL.as_ref().map(Arc::clone).ok_or(HeapError::Off)?;
    let mut control = control.lock_owned().await;
    // It goes over a file, and over every stack.
    let written = tokio::task::spawn_blocking(move || control.dump_pprof());
    let written = written
        .await
        .map_err(|error| HeapError::Write(error.into()))?;
    written.map_err(|error| HeapError::Write(error.into()))
}
