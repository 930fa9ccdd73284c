use std::{sync::Arc, time::Instant};

use belvedere_core::{About, Shutdown, config::Knob};
use belvedere_redis::Redis;
use belvedere_sql::{Backend, Db};
use belvedere_telemetry::Telemetry;
use serde::{Serialize, de::DeserializeOwned};
use sqlx::migrate::Migrator;

use crate::{BootError, Config, NoSettings, Service, command::Command, errors::Errors};

/// What a service is composed from: its configuration and its telemetry, both ready.
#[derive(Debug)]
pub struct Boot<App = NoSettings> {
    about: About,
    environment: String,
    config: Config<App>,
    command: Command,
    telemetry: Arc<Telemetry>,
    errors: Arc<Errors>,
    shutdown: Shutdown,
    began: Instant,
}

impl<App> Boot<App> {
    pub(crate) fn new(
        about: About,
        environment: &str,
        config: Config<App>,
        command: Command,
        telemetry: Arc<Telemetry>,
        errors: Arc<Errors>,
    ) -> Self {
        Self {
            about,
            environment: environment.to_owned(),
            config,
            command,
            telemetry,
            errors,
            shutdown: Shutdown::default(),
            began: Instant::now(),
        }
    }

    /// Everything that is set.
    pub const fn config(&self) -> &Config<App> {
        &self.config
    }

    /// `ENVIRONMENT`.
    pub fn environment(&self) -> &str {
        &self.environment
    }

    /// Whether this is a developer's machine.
    pub fn is_development(&self) -> bool {
        self.environment == "development"
    }

    /// The end of the process, for what would not end by itself: an answer that goes on for as long as somebody listens.
    pub const fn shutdown(&self) -> &Shutdown {
        &self.shutdown
    }

    /// Another service that is called by gRPC: [`Channel::new`](belvedere_grpc::Channel::new), with the attributes of spans that
    /// `OTEL_SEMCONV_STABILITY_OPT_IN` asks for.
    ///
    /// # Errors
    ///
    /// As for `Channel::new`.
    #[cfg(feature = "grpc")]
    pub fn channel(
        &self,
        name: &'static str,
        config: &belvedere_http::UpstreamConfig,
    ) -> Result<belvedere_grpc::Channel, BootError> {
        let channel = belvedere_grpc::Channel::new(name, config)?;
        Ok(channel.conventions(crate::rpc::conventions(&self.config.telemetry)))
    }

    /// Connects to the database, waiting for it until `STARTUP__TIMEOUT_SECONDS`, and brings its schema up to date where
    /// that is done at the start: in development. As `<service> migrate` it does that anywhere, and ends the process.
    ///
    /// # Errors
    ///
    /// The database cannot be reached, a migration failed, or the command has done its work.
    pub async fn database<DB>(&self, migrations: &Migrator) -> Result<Db<DB>, BootError>
    where
        DB: Backend,
    {
        let patience = self.config.startup.timeout_seconds.duration();
        let database = Db::connect(&self.config.database, patience).await?;
        if self.command == Command::Migrate || self.is_development() {
            database.migrate(migrations).await?;
        }
        if self.command == Command::Migrate {
            database.close().await;
            return Err(BootError::Finished);
        }
        Ok(database)
    }

    /// Connects to `REDIS_URL`; `None` where it is not set, and caches live in the process. Redis that does not answer holds up no
    /// start, unless `REDIS__REQUIRED` says so.
    ///
    /// # Errors
    ///
    /// The URL cannot be read, or Redis is required and cannot be reached.
    pub async fn redis(&self) -> Result<Option<Redis>, BootError> {
        let patience = self.config.startup.timeout_seconds.duration();
        let service = self.config.telemetry.service.name.as_deref();
        let service = service.unwrap_or(self.about.name);
        Ok(Redis::connect(&self.config.redis, service, patience).await?)
    }

    /// The service, to be given its routes.
    pub fn service(&self) -> Service
    where
        App: Knob + Default + Serialize + DeserializeOwned,
    {
        Service::new(
            self.about,
            &self.environment,
            &self.config,
            Arc::clone(&self.telemetry),
            self.errors.bind_hub(),
            self.began,
        )
        .ends_by(self.shutdown.clone())
        .works_only(self.command == Command::Worker)
    }
}
