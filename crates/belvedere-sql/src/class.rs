use std::time::Duration;

/// What statements of one kind may take: see [`Db::class`](crate::Db::class).
///
/// ```
/// use belvedere_sql::QueryClass;
/// use std::time::Duration;
///
/// const REPORTS: QueryClass = QueryClass::new()
///     .slow_after(Duration::from_secs(20))
///     .limit(Duration::from_secs(60));
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[must_use]
pub struct QueryClass {
    pub(crate) slow_after: Option<Duration>,
    pub(crate) limit: Limit,
}

/// How long a caller waits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Limit {
    /// As long as its request may wait for the database; outside of requests, for ever.
    #[default]
    OfRequest,
    /// So long for each statement, wherever it is run.
    Own(Duration),
    /// For ever.
    Unlimited,
}

impl QueryClass {
    /// As the pool is set up.
    pub const fn new() -> Self {
        Self {
            slow_after: None,
            limit: Limit::OfRequest,
        }
    }

    /// From when on a statement is slow, instead of `DATABASE__SLOW_QUERY_MS`.
    pub const fn slow_after(mut self, duration: Duration) -> Self {
        self.slow_after = Some(duration);
        self
    }

    /// How long a statement may take, its wait for a connection included: instead of what is left to its request, and in
    /// background work, which has no limit otherwise.
    pub const fn limit(mut self, duration: Duration) -> Self {
        self.limit = Limit::Own(duration);
        self
    }

    /// No limit, not even in a request: `HTTP__TIMEOUT_SECONDS` and PostgreSQL's `statement_timeout` remain.
    pub const fn unlimited(mut self) -> Self {
        self.limit = Limit::Unlimited;
        self
    }
}
