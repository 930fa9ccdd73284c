/// The service could not be run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// The binary, a folder or a signal.
    #[error("{what}")]
    Io {
        /// What was tried.
        what: String,
        /// Why it did not work.
        #[source]
        source: std::io::Error,
    },
    /// It ended, or said nothing in time.
    #[error("the service did not start ({ending}); it said:\n{said}")]
    NotStarted {
        /// Its exit status, or that it still runs.
        ending: String,
        /// All of its output.
        said: String,
    },
    /// No trace could be received.
    #[error("no OTLP end point: {0}")]
    Otlp(String),
}

pub(super) fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> ServiceError {
    let what = what.into();
    move |source| ServiceError::Io { what, source }
}
