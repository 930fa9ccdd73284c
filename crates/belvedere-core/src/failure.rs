use std::{any::type_name, borrow::Cow, error::Error, sync::Arc, time::Duration};

/// How a failure is told to a caller: an HTTP status, a code, and what may help.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Failure {
    /// The HTTP status that fits, 400 to 599. Anything else is told as 500.
    pub status: u16,
    /// A stable `snake_case` code that a client may match on.
    pub code: &'static str,
    /// A sentence for the caller. Not sent from status 500 on: such bodies carry no internal text.
    pub detail: Option<Cow<'static, str>>,
    /// When a retry may succeed, sent as `Retry-After` in whole seconds.
    pub retry_after: Option<Duration>,
}

impl Failure {
    /// A status and a code.
    pub const fn new(status: u16, code: &'static str) -> Self {
        Self {
            status,
            code,
            detail: None,
            retry_after: None,
        }
    }

    /// Sets [`Failure::detail`].
    pub fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Sets [`Failure::retry_after`].
    pub const fn retry_after(mut self, after: Duration) -> Self {
        self.retry_after = Some(after);
        self
    }
}

/// A domain error that says how it is told.
///
/// It knows nothing of HTTP bodies or gRPC statuses; `belvedere-http` turns any implementor into a problem (RFC 9457). The
/// error itself, with its sources, is logged once and never sent.
pub trait AsFailure: Error + Send + Sync + 'static {
    /// What the caller is told.
    fn as_failure(&self) -> Failure;
}

/// The error behind a failure: for the log, never for the caller.
#[derive(Debug, Clone)]
pub struct Cause {
    /// The name of its type.
    pub exc_type: &'static str,
    /// The error, with its sources.
    pub source: Arc<dyn Error + Send + Sync>,
}

impl Cause {
    /// Keeps the name of its type beside it.
    pub fn new<E: Error + Send + Sync + 'static>(source: E) -> Self {
        Self {
            exc_type: type_name::<E>(),
            source: Arc::new(source),
        }
    }
}
