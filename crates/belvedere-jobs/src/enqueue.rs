use std::{sync::LazyLock, time::Duration};

use belvedere_core::trace::{Attribute, ChildSpan, Status, Value};
use opentelemetry::trace::SpanKind;
use sqlx::{Error, Executor};
use tokio::sync::watch;

use crate::{Dialect, Job, dialect::Arg, metadata::Metadata};

/// Tells the workers of this process that there may be something to do, before their next look.
static NUDGES: LazyLock<watch::Sender<()>> = LazyLock::new(watch::Sender::default);

pub(crate) fn nudges() -> watch::Receiver<()> {
    NUDGES.subscribe()
}

/// What has become of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enqueued {
    /// It is in the queue under this id, once the transaction is committed.
    New(i64),
    /// A job of that name and key is known already: nothing was done.
    Duplicate,
}

/// A job on its way into the queue.
#[derive(Debug)]
#[must_use = "nothing is stored before `on`"]
pub struct Enqueue<'j, J> {
    job: &'j J,
    key: Option<&'j str>,
    delay: Duration,
}

/// Puts a job down, to be stored [`on`](Enqueue::on) a connection, best within the transaction of what asks for it.
///
/// ```
/// # use belvedere_jobs::{Enqueued, Job, enqueue};
/// # #[derive(serde::Serialize, serde::Deserialize)]
/// # struct SendConfirmation { order_id: String }
/// # impl Job for SendConfirmation { const NAME: &'static str = "send_confirmation"; }
/// # async fn example(tx: &mut sqlx::SqliteConnection) -> Result<(), sqlx::Error> {
/// let job = SendConfirmation { order_id: "7".to_owned() };
/// let enqueued = enqueue(&job).key("order-7").on(&mut *tx).await?;
/// assert!(enqueued != Enqueued::Duplicate);
/// # Ok(())
/// # }
/// ```
pub const fn enqueue<J: Job>(job: &J) -> Enqueue<'_, J> {
    Enqueue {
        job,
        key: None,
        delay: Duration::ZERO,
    }
}

impl<'j, J: Job> Enqueue<'j, J> {
    /// Of several jobs of one name with the same key only the first is stored, for as long as it is known: until
    /// `JOBS__KEEP_DONE_HOURS` after its end.
    pub const fn key(mut self, key: &'j str) -> Self {
        self.key = Some(key);
        self
    }

    /// Not before so long from now, by the database's clock.
    pub const fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Stores it: `&mut tx`, `&database`, or any other executor of sqlx.
    ///
    /// # Errors
    ///
    /// The statement's; or the payload is no JSON.
    pub fn on<'e, E>(self, executor: E) -> impl Future<Output = Result<Enqueued, Error>> + Send
    where
        E: Executor<'e> + 'e,
        E::Database: Dialect,
    {
        let span = ChildSpan::begin();
        let arguments = self.arguments(span.as_ref());
        async move {
            let insert = E::Database::STATEMENTS.insert;
            let stored = match arguments {
                Ok(arguments) => E::Database::id(executor, insert, arguments).await,
                Err(error) => Err(Error::Encode(error.into())),
            };
            NUDGES.send_replace(());
            if let Some(span) = span {
                tell::<J>(span, E::Database::SYSTEM, &stored);
            }
            Ok(stored?.map_or(Enqueued::Duplicate, Enqueued::New))
        }
    }

    fn arguments(&self, span: Option<&ChildSpan>) -> serde_json::Result<Vec<Arg>> {
        Ok(vec![
            Arg::Const(J::NAME),
            Arg::Const(J::QUEUE),
            Arg::Maybe(self.key.map(str::to_owned)),
            Arg::Text(serde_json::to_string(self.job)?),
            Arg::Text(Metadata::current(span.map(ChildSpan::traceparent))),
            Arg::Real(self.delay.as_secs_f64()),
        ])
    }
}

/// The span `send {queue}` (OpenTelemetry semantic conventions, messaging spans).
fn tell<J: Job>(span: ChildSpan, system: &'static str, stored: &Result<Option<i64>, Error>) {
    let id = stored.as_ref().ok().copied().flatten();
    let id = id.map(|id| id.to_string());
    let mut attributes: Vec<Attribute<'_>> = Vec::with_capacity(6);
    attributes.extend([
        ("messaging.system", Value::Const(system)),
        ("messaging.destination.name", Value::Const(J::QUEUE)),
        ("messaging.operation.name", Value::Const("send")),
        ("messaging.operation.type", Value::Const("send")),
        ("belvedere.job.name", Value::Const(J::NAME)),
    ]);
    if let Some(id) = &id {
        attributes.push(("messaging.message.id", Value::Str(id)));
    }
    let status = match stored {
        Ok(_) => Status::Unset,
        Err(_) => Status::Error(""),
    };
    let name = ["send ", J::QUEUE].concat();
    span.finish(&SpanKind::Producer, &name, &attributes, status);
}
