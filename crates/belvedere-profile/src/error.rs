/// Why there is no profile.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProfileError {
    /// One is being taken, or written down.
    #[error("another profile is being taken")]
    Busy,
    /// The signal or the timer could not be had, or what was collected could not be read.
    #[error("stacks could not be collected")]
    Collect(#[from] pprof::Error),
    /// Writing it down failed.
    #[error("the profile could not be written down")]
    Write(#[source] Box<dyn std::error::Error + Send + Sync>),
}
