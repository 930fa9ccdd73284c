//! One run of a job, in a context of its own.

use std::{
    error::Error,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use belvedere_core::{
    RequestContext, millis,
    names::{event, field},
    panics::caught,
    redact_text,
    trace::{Attribute, SpanRecord, Status, Value},
};
use opentelemetry::trace::SpanKind;
use tokio::{sync::mpsc, task::JoinHandle, time};

use super::series::{Outcome, Series};
use crate::{
    dialect::Taken,
    handler::{Erased, Failed},
    metadata::Contexts,
};

/// Errors of one chain that are kept beside a job.
const MAX_CHAIN: usize = 8;

/// How a run ended, for the table.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) id: i64,
    pub(super) fate: Fate,
}

#[derive(Debug)]
pub(super) enum Fate {
    /// Nobody asks after it.
    Forgotten,
    /// Its key is to be known.
    Done {
        /// The schedule that asked for it, or that could have.
        schedule: Option<&'static str>,
    },
    Retry {
        pause: Duration,
        why: String,
    },
    Dead {
        why: String,
    },
}

/// What a run needs besides the job.
#[derive(Debug)]
pub(super) struct Attempt {
    pub(super) handlers: Arc<[Erased]>,
    pub(super) handler: usize,
    pub(super) series: Arc<Series>,
    pub(super) contexts: Arc<Contexts>,
}

impl Attempt {
    /// In a task of its own: it panics alone.
    pub(super) fn spawn(
        self,
        job: Taken,
        end: mpsc::UnboundedSender<Ended>,
    ) -> JoinHandle<Option<()>> {
        let attempt = job.attempts.unsigned_abs();
        let context = self.contexts.begin(&job.metadata, attempt);
        let run = Arc::clone(&context);
        context.enter(|| {
            belvedere_core::spawn(async move {
                let id = job.id;
                let fate = self.run(&run, job, attempt).await;
                // A worker that is gone has been cut off, and the job is another's.
                let _ = end.send(Ended { id, fate });
            })
        })
    }

    fn handler(&self) -> &Erased {
        &self.handlers[self.handler]
    }

    async fn run(&self, context: &RequestContext, job: Taken, attempt: u32) -> Fate {
        let (id, has_key) = (job.id, job.key.is_some());
        let clock = Instant::now();
        let outcome = self.try_once(job, attempt).await;
        let duration = clock.elapsed();
        let told = Told {
            system: self.contexts.system,
            job: self.handler().name,
            queue: self.handler().queue,
            id,
            attempt,
            duration,
        };
        let fate = match outcome {
            Ok(()) => self.succeed(has_key),
            Err(failed) => self.fail(&told, &failed),
        };
        if matches!(fate.outcome(), Outcome::Ok) {
            told.success();
        }
        self.series.ended(fate.outcome(), duration);
        told.trace(context, fate.error_type());
        fate.known
    }

    async fn try_once(&self, job: Taken, attempt: u32) -> Result<(), Failed> {
        let rules = self.handler().rules;
        if attempt > rules.retry.attempts {
            return Err(Failed::Lost(attempt - 1));
        }
        // The call is inside: a handler may panic before it returns its future.
        let work = async { (self.handler().run)(job).await };
        match time::timeout(rules.timeout, caught(work)).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(panicked)) => {
                self.series.panicked();
                Err(Failed::Panic(panicked))
            }
            Err(_) => Err(Failed::Timeout(rules.timeout)),
        }
    }

    fn succeed(&self, has_key: bool) -> Known {
        let schedule = self.handler().cron.as_ref();
        let schedule = schedule.map(|_| self.handler().name);
        Known {
            known: match (has_key, schedule) {
                (false, None) => Fate::Forgotten,
                (_, schedule) => Fate::Done { schedule },
            },
            error_type: None,
        }
    }

    fn fail(&self, told: &Told, failed: &Failed) -> Known {
        let why = chain(failed);
        let known = match self.handler().rules.retry.pause(told.attempt) {
            Some(pause) => {
                told.retried(failed, pause);
                Fate::Retry { pause, why }
            }
            None => {
                told.dead(failed);
                Fate::Dead { why }
            }
        };
        Known {
            known,
            error_type: Some(failed.exc_type()),
        }
    }
}

/// A fate, and what its span says of it.
struct Known {
    known: Fate,
    error_type: Option<&'static str>,
}

impl Known {
    const fn outcome(&self) -> Outcome {
        match self.known {
            Fate::Forgotten | Fate::Done { .. } => Outcome::Ok,
            Fate::Retry { .. } => Outcome::Retried,
            Fate::Dead { .. } => Outcome::Dead,
        }
    }

    const fn error_type(&self) -> Option<&'static str> {
        self.error_type
    }
}

/// What every signal says of a run.
struct Told {
    system: &'static str,
    job: &'static str,
    queue: &'static str,
    id: i64,
    attempt: u32,
    duration: Duration,
}

impl Told {
    fn success(&self) {
        tracing::info!(
            message = event::JOB_COMPLETED,
            job = self.job,
            job_id = self.id,
            attempt = self.attempt,
            duration_ms = millis(self.duration),
            outcome = Outcome::Ok.as_str()
        );
    }

    fn retried(&self, failed: &Failed, pause: Duration) {
        let error: &(dyn Error + 'static) = failed;
        tracing::warn!(
            message = event::JOB_RETRIED,
            job = self.job,
            job_id = self.id,
            attempt = self.attempt,
            duration_ms = millis(self.duration),
            outcome = Outcome::Retried.as_str(),
            exc_type = failed.exc_type(),
            error,
            retry_after_ms = millis(pause)
        );
    }

    /// The one line of a job that is told elsewhere, too.
    fn dead(&self, failed: &Failed) {
        let error: &(dyn Error + 'static) = failed;
        let backtrace = match failed {
            Failed::Panic(panicked) => panicked.backtrace.as_deref(),
            _ => None,
        };
        tracing::error!(
            message = event::UNHANDLED_EXCEPTION,
            exc_type = failed.exc_type(),
            exc_message = error,
            job = self.job,
            job_id = self.id,
            attempt = self.attempt,
            duration_ms = millis(self.duration),
            outcome = Outcome::Dead.as_str(),
            backtrace
        );
    }

    /// The span `process {queue}` (OpenTelemetry semantic conventions, messaging spans).
    fn trace(&self, context: &RequestContext, error_type: Option<&'static str>) {
        let keep = error_type.is_some();
        context.decide(keep);
        if !context.is_sampled() && !keep {
            return;
        }
        let end = SystemTime::now();
        let id = self.id.to_string();
        let identity = context.identity();
        let user_id = identity.and_then(|identity| identity.user_id.as_deref());
        let known = [
            ("messaging.message.id", Some(&*id)),
            (field::REQUEST_ID, Some(context.request_id())),
            (
                field::TENANT_ID,
                identity.map(|identity| &*identity.tenant_id),
            ),
            (field::USER_ID, user_id),
        ];
        let mut attributes: Vec<Attribute<'_>> = Vec::with_capacity(11);
        attributes.extend([
            ("messaging.system", Value::Const(self.system)),
            ("messaging.destination.name", Value::Const(self.queue)),
            ("messaging.operation.name", Value::Const("process")),
            ("messaging.operation.type", Value::Const("process")),
            ("belvedere.job.name", Value::Const(self.job)),
            ("belvedere.job.attempt", i64::from(self.attempt).into()),
        ]);
        let known = known.into_iter();
        attributes.extend(known.filter_map(|(key, text)| Some((key, Value::Str(text?)))));
        attributes.extend(error_type.map(|text| ("error.type", Value::Const(text))));
        let link = context.server_link();
        context.record(&SpanRecord {
            trace_id: context.trace_id(),
            span_id: context.span_id(),
            parent: context.server_parent(),
            trace_state: context.trace_state(),
            kind: &SpanKind::Consumer,
            name: &format!("process {}", self.queue),
            start: end - self.duration,
            end,
            attributes: &attributes,
            status: error_type.map_or(Status::Ok, |_| Status::Error("")),
            link: link.as_ref(),
        });
    }
}

/// An error and what caused it, without what looks like a secret.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    for _ in 0..MAX_CHAIN {
        let Some(cause) = next else { break };
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    redact_text(&text).into_owned()
}
