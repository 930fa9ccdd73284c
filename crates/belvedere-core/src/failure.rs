use std::{borrow::Cow, error::Error, time::Duration};

/// How an error wants to be told to a caller.
///
/// A domain implements it for its own error enum and knows nothing of HTTP bodies or gRPC statuses;
/// `belvedere-http` turns any implementor into a problem (RFC 9457). The error itself, with its sources,
/// is logged once and never sent.
pub trait AsFailure: Error + Send + Sync + 'static {
    /// The HTTP status that fits, 400 to 599. Anything else is told as 500.
    fn status(&self) -> u16;

    /// A stable `snake_case` code that a client may match on.
    fn code(&self) -> &'static str;

    /// A sentence for the caller. Ignored from status 500 on: such bodies carry no internal text.
    fn detail(&self) -> Option<Cow<'static, str>> {
        None
    }

    /// When a retry may succeed, sent as `Retry-After` in whole seconds.
    fn retry_after(&self) -> Option<Duration> {
        None
    }
}
