use belvedere_core::{
    Redactor, SloConfig,
    config::{ConfigError, Docs, Environment, Knob, Problems, Seconds, load},
    settings,
};
use belvedere_http::{AdminConfig, AuthConfig, GrpcConfig, HttpConfig};
use belvedere_redis::RedisConfig;
use belvedere_sql::DatabaseConfig;
use belvedere_telemetry::TelemetryConfig;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::SentryConfig;

settings! {
    /// The start.
    pub struct StartupConfig {
        /// How long dependencies are waited for; 0 fails at once.
        pub timeout_seconds: Seconds = Seconds::new(30),
    }
}

settings! {
    /// The end.
    pub struct ShutdownConfig {
        /// How long the service goes on serving after readiness has turned, so that balancers can look away.
        pub drain_seconds: Seconds = Seconds::new(5),
        /// How long what is in flight may take after that.
        pub timeout_seconds: Seconds = Seconds::new(20),
    }
}

settings! {
    /// Work outside of requests, in a service that has any.
    pub struct JobsConfig {
        /// Whether the service runs its jobs itself; otherwise only `<service> worker` does.
        pub in_service: bool = true,
        /// Jobs that one process runs at a time.
        pub concurrency: usize = 8,
        /// How often a worker with nothing to do looks for jobs, besides when its own process has stored one.
        pub poll_seconds: Seconds = Seconds::new(1),
        /// How long a job stays with a worker that has died before another one runs it.
        pub lease_seconds: Seconds = Seconds::new(30),
        /// How long the key of a job that is done is known, so that it does not come again.
        pub keep_done_hours: u32 = 168,
    }
}

settings! {
    /// A service without settings of its own.
    pub struct NoSettings {}
}

/// Everything that can be set: the framework's sections, and the service's own beside them.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Config<App = NoSettings> {
    /// `service`, `log`, `redact`, `trace`, `otel`, `prometheus`.
    #[serde(flatten)]
    pub telemetry: TelemetryConfig,
    /// The public listener.
    pub http: HttpConfig,
    /// The gRPC listener, where there is one.
    pub grpc: GrpcConfig,
    /// The admin listener.
    pub admin: AdminConfig,
    /// Who may call.
    pub auth: AuthConfig,
    /// The service's objectives.
    pub slo: SloConfig,
    /// The database.
    pub database: DatabaseConfig,
    /// Redis, when there is one.
    pub redis: RedisConfig,
    /// Work outside of requests.
    pub jobs: JobsConfig,
    /// Failures, told elsewhere.
    pub sentry: SentryConfig,
    /// The start.
    pub startup: StartupConfig,
    /// The end.
    pub shutdown: ShutdownConfig,
    /// The service's own sections.
    #[serde(flatten)]
    pub app: App,
}

impl JobsConfig {
    fn check(&self) -> Result<(), ConfigError> {
        let mut problems = Problems::default();
        for (place, is_zero) in [
            ("JOBS__CONCURRENCY", self.concurrency == 0),
            ("JOBS__POLL_SECONDS", self.poll_seconds.duration().is_zero()),
            (
                "JOBS__LEASE_SECONDS",
                self.lease_seconds.duration().is_zero(),
            ),
        ] {
            let refuse = || ConfigError::new(place, "is 0: it has to be more");
            problems.take(if is_zero { Err(refuse()) } else { Ok(()) });
        }
        problems.into_result()
    }
}

impl<App: Knob> Knob for Config<App> {
    fn document(docs: &mut Docs, path: &str, text: &'static [&'static str]) {
        TelemetryConfig::document(docs, path, text);
        docs.below::<HttpConfig>(path, "http", &[]);
        docs.below::<GrpcConfig>(path, "grpc", &[]);
        docs.below::<AdminConfig>(path, "admin", &[]);
        docs.below::<AuthConfig>(path, "auth", &[]);
        docs.below::<SloConfig>(path, "slo", &[]);
        docs.below::<DatabaseConfig>(path, "database", &[]);
        docs.below::<RedisConfig>(path, "redis", &[]);
        docs.below::<JobsConfig>(path, "jobs", &[]);
        docs.below::<SentryConfig>(path, "sentry", &[]);
        docs.below::<StartupConfig>(path, "startup", &[]);
        docs.below::<ShutdownConfig>(path, "shutdown", &[]);
        App::document(docs, path, text);
    }
}

impl<App> Config<App> {
    /// What hides secrets in every signal.
    pub(crate) fn redactor(&self) -> Redactor {
        Redactor::new(self.telemetry.redact.keys.iter().cloned())
    }
}

impl<App> Config<App>
where
    App: Knob + Default + Serialize + DeserializeOwned,
{
    /// Reads all sources and checks what no single knob can.
    pub(crate) fn read(environment: &Environment) -> Result<Self, ConfigError> {
        let mut config: Self = load(environment)?;
        let mut problems = Problems::default();
        problems.take(config.auth.check(environment.name()));
        problems.take(config.admin.check());
        problems.take(config.http.check());
        problems.take(config.jobs.check());
        problems.into_result()?;
        if let Some(port) = config.telemetry.prometheus.server_port {
            config.admin.addr.set_port(port);
        }
        Ok(config)
    }

    /// For `/config` and `<service> config`: without anything secret.
    pub(crate) fn redacted(&self) -> Value {
        let mut tree = serde_json::to_value(self).unwrap_or_default();
        self.redactor().redact_json(&mut tree);
        tree
    }
}
