use std::time::Instant;

use belvedere_core::{
    names::metric,
    trace::{Attribute, ChildSpan, Status, Value},
};
use metrics::{Counter, SharedString};
use opentelemetry::trace::SpanKind;
use redis::{RedisError, RedisResult, Value as Answer};

use crate::{
    command::{Known, SYSTEM},
    error,
};

/// Attribute keys: OpenTelemetry semantic conventions, database client spans and Redis (stable).
mod attribute {
    pub(super) const SYSTEM: &str = "db.system.name";
    pub(super) const NAMESPACE: &str = "db.namespace";
    pub(super) const OPERATION: &str = "db.operation.name";
    pub(super) const BATCH_SIZE: &str = "db.operation.batch.size";
    pub(super) const STATUS_CODE: &str = "db.response.status_code";
    pub(super) const ERROR_TYPE: &str = "error.type";
}

/// Nobody waited for the answer.
const CANCELLED: &str = "cancelled";

/// A command from its call to its end. Dropped before [`Running::end`], it was cancelled.
#[derive(Debug)]
pub(crate) struct Running<'k> {
    known: &'k Known,
    namespace: &'k str,
    /// Commands of a pipeline.
    batch: Option<usize>,
    span: Option<ChildSpan>,
    clock: Instant,
    has_ended: bool,
}

impl<'k> Running<'k> {
    pub(crate) fn begin(known: &'k Known, namespace: &'k str, batch: Option<usize>) -> Self {
        Self {
            known,
            namespace,
            batch,
            span: ChildSpan::begin(),
            clock: Instant::now(),
            has_ended: false,
        }
    }

    /// Ends it with its outcome.
    pub(crate) fn end<T>(mut self, outcome: RedisResult<T>) -> RedisResult<T> {
        match &outcome {
            Ok(_) => self.conclude(None, None),
            Err(error) => self.conclude(Some(error::class(error)), error::code(error)),
        }
        outcome
    }

    /// Ends it with its answers, of which one may be an error: who asked decides what that means.
    pub(crate) fn end_pipeline(
        mut self,
        outcome: RedisResult<Vec<Answer>>,
    ) -> RedisResult<Vec<Answer>> {
        let answers = match outcome {
            Ok(answers) => answers,
            Err(error) => return self.end(Err(error)),
        };
        let failed = answers.iter().find_map(|answer| match answer {
            Answer::ServerError(error) => Some(RedisError::from(error.clone())),
            _ => None,
        });
        match failed {
            Some(error) => self.conclude(Some(error::class(&error)), error::code(&error)),
            None => self.conclude(None, None),
        }
        Ok(answers)
    }

    fn conclude(&mut self, class: Option<&'static str>, code: Option<&str>) {
        self.has_ended = true;
        self.known
            .duration
            .record(self.clock.elapsed().as_secs_f64());
        if let Some(class) = class {
            count_error(code.unwrap_or(class));
        }
        if let Some(span) = self.span.take() {
            self.finish(span, class, code);
        }
    }

    fn finish(&self, span: ChildSpan, class: Option<&'static str>, code: Option<&str>) {
        let mut attributes: Vec<Attribute<'_>> = Vec::with_capacity(6);
        attributes.push((attribute::SYSTEM, Value::Const(SYSTEM)));
        attributes.push((attribute::NAMESPACE, Value::Str(self.namespace)));
        attributes.push((attribute::OPERATION, Value::Const(self.known.name)));
        if let Some(batch) = self.batch {
            let batch = i64::try_from(batch).unwrap_or(i64::MAX);
            attributes.push((attribute::BATCH_SIZE, batch.into()));
        }
        let code = code.map(|code| (attribute::STATUS_CODE, Value::Str(code)));
        attributes.extend(code);
        attributes.extend(class.map(|class| (attribute::ERROR_TYPE, Value::Const(class))));
        let status = match class {
            None | Some(CANCELLED) => Status::Unset,
            Some(class) => Status::Error(class),
        };
        span.finish(&SpanKind::Client, self.known.name, &attributes, status);
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if !self.has_ended {
            self.conclude(Some(CANCELLED), None);
        }
    }
}

fn count_error(error_type: &str) {
    errors(error_type.to_owned().into()).increment(1);
}

/// Errors that Redis itself does not name: a first one would otherwise bring its series with it, and no rate would see it.
pub(crate) fn begin_at_zero() {
    for class in [CANCELLED, "circuit_open", "io", "timeout"] {
        errors(class.into()).increment(0);
    }
}

fn errors(error_type: SharedString) -> Counter {
    metrics::counter!(
        metric::DB_ERRORS,
        "db_system_name" => SYSTEM,
        "error_type" => error_type,
    )
}
