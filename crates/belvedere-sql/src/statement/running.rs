use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use belvedere_core::{
    RequestContext,
    names::{event, metric},
    trace::{Attribute, ChildSpan, Status, Value},
};
use opentelemetry::trace::SpanKind;
use sqlx::{Error, SqlStr};

use super::{
    SLOW_QUERY_TEXT, Sight, Watch,
    allowance::Allowance,
    attribute,
    comment::Commented,
    shapes::Known,
    show::{self, Shown},
    sight::Seen,
};
use crate::{
    QueryClass,
    error::{Failure, is_over_limit},
};

/// What a caller reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reads {
    /// No rows.
    Nothing,
    /// Rows, all at once.
    Rows,
    /// Rows, one by one: who drops the stream after some has read enough.
    Stream,
}

/// A statement from its call to its end. Dropped before [`Running::end`], it was cancelled.
#[derive(Debug)]
pub(crate) struct Running {
    watch: Arc<Watch>,
    known: Arc<Known>,
    shown: Shown,
    sql: SqlStr,
    span: Option<ChildSpan>,
    allowance: Allowance,
    slow_after: Duration,
    reads: Reads,
    rows: usize,
    /// How long the database has worked, up to `since`.
    worked: Duration,
    /// `None` before there is a connection, and while the consumer of a stream is busy with a row.
    since: Option<Instant>,
    /// Where the watchdog sees it; `None` before it was sent.
    sight: Option<Arc<Sight>>,
    has_ended: bool,
}

impl Running {
    /// The span begins here, below the span that makes the call, and covers the wait for a connection;
    /// the clock of the metrics begins with [`Running::send`].
    pub(crate) fn begin(watch: &Arc<Watch>, class: QueryClass, sql: SqlStr, reads: Reads) -> Self {
        let span = ChildSpan::begin();
        let (known, shown) = watch.shapes.of(&sql);
        Self {
            span,
            known,
            shown,
            allowance: Allowance::begin(class, watch.request_limit),
            slow_after: watch.slow_after(class),
            watch: Arc::clone(watch),
            sql,
            reads,
            rows: 0,
            worked: Duration::ZERO,
            since: None,
            sight: None,
            has_ended: false,
        }
    }

    /// The text with the tags that it is sent with, where it has any.
    pub(crate) fn commented(&self) -> Option<Commented> {
        let span = self.span.as_ref().map(ChildSpan::traceparent);
        self.watch.comments.add_to(self.sql.as_str(), span.as_ref())
    }

    /// What may still be waited; `None`: for ever.
    pub(crate) fn left(&self) -> Option<Duration> {
        self.allowance.left()
    }

    /// There is a connection, seen in `sight`: the database works from here.
    pub(crate) fn send(&mut self, sight: &Arc<Sight>) {
        let now = Instant::now();
        self.since = Some(now);
        sight.show(Seen {
            known: Arc::clone(&self.known),
            sql: self.sql.clone(),
            context: RequestContext::current(),
            since: self.since,
            tell_after: self.slow_after,
        });
        self.sight = Some(Arc::clone(sight));
    }

    /// So many rows have come so far.
    pub(crate) const fn saw_rows(&mut self, rows: usize) {
        self.rows = rows;
    }

    /// Stops the clocks while a consumer is busy.
    pub(crate) async fn pause_for<F: Future>(&mut self, consumer: F) -> F::Output {
        self.worked = self.duration();
        self.set_since(None);
        self.allowance.pause();
        let output = consumer.await;
        self.allowance.resume();
        // As if it had begun so much later.
        let now = Instant::now();
        self.set_since(now.checked_sub(self.worked).or(Some(now)));
        self.worked = Duration::ZERO;
        output
    }

    fn set_since(&mut self, since: Option<Instant>) {
        self.since = since;
        if let Some(sight) = &self.sight {
            sight.set_since(since);
        }
    }

    /// Ends it with its outcome.
    pub(crate) fn end<T>(mut self, outcome: Result<T, Error>) -> Result<T, Error> {
        let outcome = outcome.map_err(|error| self.told(error));
        let error = outcome.as_ref().err();
        let failure = error.map(|error| Failure::of(error, self.watch.classify));
        self.conclude(failure.as_ref());
        outcome
    }

    /// Who ran out of time without a connection has waited for one in vain.
    fn told(&self, error: Error) -> Error {
        if self.sight.is_some() || !is_over_limit(&error) {
            return error;
        }
        metrics::counter!(metric::DB_CONNECTION_TIMEOUTS, "db_system_name" => self.watch.system)
            .increment(1);
        Error::PoolTimedOut
    }

    fn conclude(&mut self, failure: Option<&Failure>) {
        self.has_ended = true;
        if !self.is_paused() {
            self.allowance.pause();
        }
        if let Some(failure) = failure {
            self.count_failure(failure);
        }
        if let Some(sight) = self.sight.take() {
            sight.clear();
            self.measure();
        }
        if let Some(span) = self.span.take() {
            self.finish(span, failure);
        }
    }

    const fn is_paused(&self) -> bool {
        self.sight.is_some() && self.since.is_none()
    }

    fn duration(&self) -> Duration {
        self.worked + self.since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    fn measure(&self) {
        let duration = self.duration();
        self.known.duration.record(duration.as_secs_f64());
        if duration >= self.slow_after {
            self.tell_slow(duration);
        }
    }

    fn tell_slow(&self, duration: Duration) {
        self.known.slow.increment(1);
        tracing::warn!(
            message = event::SLOW_QUERY,
            duration_ms = belvedere_core::millis(duration),
            query = show::line(self.sql.as_str(), SLOW_QUERY_TEXT),
            operation = self.known.operation,
            collection = &*self.known.collection,
            rows = self.rows
        );
    }

    fn count_failure(&self, failure: &Failure) {
        metrics::counter!(
            metric::DB_ERRORS,
            "db_system_name" => self.watch.system,
            "error_type" => failure.class.clone(),
        )
        .increment(1);
    }

    fn finish(&self, span: ChildSpan, failure: Option<&Failure>) {
        let text = self.shown.text(self.sql.as_str());
        let mut attributes = self.attributes(&text);
        let status = match failure {
            Some(failure) if failure.is_error => Status::Error(&failure.class),
            _ => Status::Unset,
        };
        if let Some(failure) = failure {
            attributes.push((attribute::ERROR_TYPE, Value::Str(&failure.class)));
            let code = failure.code.as_deref();
            attributes.extend(code.map(|code| (attribute::STATUS_CODE, Value::Str(code))));
        }
        span.finish(
            &SpanKind::Client,
            &self.known.span_name,
            &attributes,
            status,
        );
    }

    fn attributes<'a>(&'a self, text: &'a str) -> Vec<Attribute<'a>> {
        let mut attributes = Vec::with_capacity(8);
        attributes.push((attribute::SYSTEM, Value::Const(self.watch.system)));
        attributes.push((attribute::NAMESPACE, Value::Str(&self.watch.namespace)));
        attributes.push((attribute::OPERATION, Value::Const(self.known.operation)));
        if !self.known.collection.is_empty() {
            attributes.push((attribute::COLLECTION, Value::Str(&self.known.collection)));
        }
        attributes.push((attribute::QUERY_TEXT, text.into()));
        if self.reads != Reads::Nothing {
            let rows = i64::try_from(self.rows).unwrap_or(i64::MAX);
            attributes.push((attribute::RETURNED_ROWS, rows.into()));
        }
        attributes
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.has_ended {
            return;
        }
        let has_read_enough = self.reads == Reads::Stream && self.rows > 0;
        let failure = (!has_read_enough).then(Failure::cancelled);
        self.conclude(failure.as_ref());
    }
}
