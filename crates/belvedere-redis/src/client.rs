use std::{fmt, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use belvedere_core::{HealthCheck, names::event};
use redis::{
    Client, Cmd, Pipeline, RedisError, RedisFuture, RedisResult, Value,
    aio::{ConnectionLike, ConnectionManager, ConnectionManagerConfig},
};
use tokio::time;

use crate::{
    breaker::{Breaker, Turn},
    command::Commands,
    error::{is_read_only, is_unavailable, left_alone, timed_out},
    health::RedisCheck,
    hidden,
    running::{Running, begin_at_zero},
};

/// Redis, its every command seen: a client span named like the command, `db_client_operation_duration_seconds` and
/// `db_client_errors_total` with `db_system_name="redis"`. No key and no value is ever told.
///
/// Cheap to clone; all clones share one multiplexed connection. It is a [`ConnectionLike`]: `redis::AsyncCommands` and
/// `redis::cmd(..).query_async(..)` work on it.
///
/// A command has `REDIS__TIMEOUT_MS`, whatever Redis does. One that is idempotent is sent once more where the connection broke
/// under it. After five failures in a row Redis is left alone for up to half a second at a time.
#[derive(Clone)]
pub struct Redis(Arc<Inner>);

struct Inner {
    client: Client,
    manager: ArcSwap<ConnectionManager>,
    reconnect: ConnectionManagerConfig,
    breaker: Breaker,
    commands: Commands,
    time_limit: Duration,
    /// The number of the database.
    namespace: String,
    /// What keys of this service begin with.
    prefix: String,
    is_required: bool,
}

/// What a [`Redis`] is made with.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) client: Client,
    pub(crate) reconnect: ConnectionManagerConfig,
    pub(crate) time_limit: Duration,
    pub(crate) prefix: String,
    pub(crate) is_required: bool,
}

impl Redis {
    /// Connects when it is first asked.
    pub(crate) fn new(options: Options) -> RedisResult<Self> {
        let Options {
            client,
            reconnect,
            time_limit,
            prefix,
            is_required,
        } = options;
        let manager = ConnectionManager::new_lazy_with_config(client.clone(), reconnect.clone())?;
        begin_at_zero();
        let database = client.get_connection_info().redis_settings().db();
        Ok(Self(Arc::new(Inner {
            client,
            manager: ArcSwap::from_pointee(manager),
            reconnect,
            breaker: Breaker::new(),
            commands: Commands::new(),
            time_limit,
            namespace: database.to_string(),
            prefix,
            is_required,
        })))
    }

    /// For `/health/ready`: critical where `REDIS__REQUIRED` says so.
    pub fn health_check(&self) -> impl HealthCheck + use<> {
        RedisCheck {
            redis: self.clone(),
            is_critical: self.0.is_required,
        }
    }

    /// The connection underneath: what is sent through it is in no span and no figure, and has no time limit.
    pub fn unobserved(&self) -> ConnectionManager {
        ConnectionManager::clone(&self.0.manager.load())
    }

    /// What keys of this service begin with: its name and a colon.
    pub fn prefix(&self) -> &str {
        &self.0.prefix
    }

    /// Whether it is left alone now.
    pub(crate) fn is_left_alone(&self) -> bool {
        self.0.breaker.is_open()
    }

    /// Not watched, and sent whatever failed before: probes are in no trace, and find out first that Redis is back.
    pub(crate) async fn ping(&self) -> RedisResult<()> {
        let answer = self.try_ping().await;
        self.hear(&answer);
        answer
    }

    /// As [`Redis::ping`], for who tells of it alone.
    pub(crate) async fn try_ping(&self) -> RedisResult<()> {
        let ping = redis::cmd("PING");
        self.limited(self.send(&ping, true)).await.map(drop)
    }

    /// It was not there, which has been told: the next thing that is told is its return.
    pub(crate) fn leave_alone(&self) {
        self.0.breaker.open();
    }

    async fn command(&self, command: &Cmd) -> RedisResult<Value> {
        let known = self.0.commands.of(command);
        let running = Running::begin(known, &self.0.namespace, None);
        let outcome = self.guarded(self.send(command, known.is_idempotent)).await;
        // An answer that is an error comes as a value.
        let outcome = outcome.map(hidden::answer);
        running.end(outcome.and_then(Value::extract_error))
    }

    async fn pipeline(
        &self,
        pipeline: &Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisResult<Vec<Value>> {
        let known = self.0.commands.of_pipeline(pipeline.is_transaction());
        let running = Running::begin(known, &self.0.namespace, Some(pipeline.len()));
        let mut manager = self.unobserved();
        let outcome = self.guarded(manager.send_packed_commands(pipeline, offset, count));
        let outcome = outcome.await.map_err(hidden::error);
        let answers = outcome.map(|answers| answers.into_iter().map(hidden::answer).collect());
        running.end_pipeline(answers)
    }

    async fn send(&self, command: &Cmd, is_idempotent: bool) -> RedisResult<Value> {
        let outcome = self.unobserved().send_packed_command(command).await;
        match outcome {
            // The manager connects anew already.
            Err(error) if is_idempotent && has_broken(&error) => {
                self.unobserved().send_packed_command(command).await
            }
            outcome => outcome,
        }
    }

    async fn guarded<T>(&self, work: impl Future<Output = RedisResult<T>>) -> RedisResult<T> {
        if !self.0.breaker.admits() {
            return Err(left_alone());
        }
        let outcome = self.limited(work).await;
        self.hear(&outcome);
        outcome
    }

    async fn limited<T>(&self, work: impl Future<Output = RedisResult<T>>) -> RedisResult<T> {
        let outcome = time::timeout(self.0.time_limit, work).await;
        outcome.unwrap_or_else(|_| Err(timed_out()))
    }

    fn hear<T>(&self, outcome: &RedisResult<T>) {
        let error = outcome.as_ref().err();
        if error.is_some_and(is_read_only) {
            self.connect_anew();
        }
        match self.0.breaker.heard(error.is_some_and(is_unavailable)) {
            Turn::None => {}
            Turn::Opened => {
                // It may be the connection alone that hangs: a network that swallows, a server that has moved.
                self.connect_anew();
                tell_failed(error);
            }
            Turn::Closed => tracing::info!(message = event::REDIS_OK),
        }
    }

    fn connect_anew(&self) {
        let Inner {
            client, reconnect, ..
        } = &*self.0;
        let manager = ConnectionManager::new_lazy_with_config(client.clone(), reconnect.clone());
        // It fails for a push sender alone, which there is none of.
        if let Ok(manager) = manager {
            self.0.manager.store(Arc::new(manager));
        }
    }
}

/// Redis was there, and is no more: not so one that refuses.
fn has_broken(error: &RedisError) -> bool {
    error.is_connection_dropped() && !error.is_connection_refusal()
}

fn tell_failed(error: Option<&RedisError>) {
    let error = error.map(tracing::field::display);
    tracing::warn!(message = event::REDIS_FAILED, error);
}

impl ConnectionLike for Redis {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        Box::pin(self.command(command))
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        Box::pin(self.pipeline(pipeline, offset, count))
    }

    fn get_db(&self) -> i64 {
        self.0.client.get_connection_info().redis_settings().db()
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis")
            .field("database", &self.0.namespace)
            .finish_non_exhaustive()
    }
}
