use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use belvedere_core::{ConnectionUrl, millis, names::event};
use redis::{
    Client, ConnectionInfo, IntoConnectionInfo, RedisError, RedisResult, TlsCertificates,
    aio::ConnectionManagerConfig, io::tcp::TcpSettings,
};
use tokio::time;

use crate::{ConnectError, Redis, RedisConfig, client::Options};

/// The first pause between two tries; each next one is twice as long, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// A Redis that comes back is noticed within this time.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// What nobody acknowledges for so long was sent into a network that is gone (TCP_USER_TIMEOUT, RFC 5482).
const USER_TIMEOUT: Duration = Duration::from_secs(2);
/// A cache that is not there holds up a start for this long.
const OPTIONAL_PATIENCE: Duration = Duration::from_secs(1);

impl Redis {
    /// Connects to `REDIS_URL`; `None` where there is none. One that is required is waited for until `patience` has passed, with
    /// growing, jittered pauses; one that is not is tried for a second, and found later. Logs `redis_connection_ok`, and
    /// `redis_connection_failed` where the service goes on without it; to log the failure of a required one is the caller's part.
    ///
    /// # Errors
    ///
    /// See [`ConnectError`].
    pub async fn connect(
        config: &RedisConfig,
        service: &str,
        patience: Duration,
    ) -> Result<Option<Self>, ConnectError> {
        let Some(url) = &config.url else {
            return if config.required {
                Err(ConnectError::NotSet)
            } else {
                Ok(None)
            };
        };
        let redis = open(config, url, service)?;
        let patience = if config.required {
            patience
        } else {
            OPTIONAL_PATIENCE.min(patience)
        };
        let began = Instant::now();
        match redis.reach(began + patience).await {
            Ok(()) => tell_ok(url, began),
            Err(source) if config.required => {
                return Err(ConnectError::Unreachable {
                    url: shown(url),
                    waited: began.elapsed(),
                    source,
                });
            }
            Err(error) => {
                tracing::warn!(message = event::REDIS_FAILED, url = shown(url), %error);
                redis.leave_alone();
            }
        }
        Ok(Some(redis))
    }

    async fn reach(&self, deadline: Instant) -> RedisResult<()> {
        let mut pause = FIRST_PAUSE;
        loop {
            let Err(error) = self.try_ping().await else {
                return Ok(());
            };
            let jittered = pause.mul_f64(0.5 + fastrand::f64());
            if Instant::now() + jittered >= deadline {
                return Err(error);
            }
            time::sleep(jittered).await;
            pause = LONGEST_PAUSE.min(pause * 2);
        }
    }
}

fn open(config: &RedisConfig, url: &ConnectionUrl, service: &str) -> Result<Redis, ConnectError> {
    let invalid = |source: RedisError| ConnectError::InvalidUrl {
        url: shown(url),
        source,
    };
    let info = url.expose().into_connection_info().map_err(invalid)?;
    let info = info.set_tcp_settings(TcpSettings::default().set_user_timeout(USER_TIMEOUT));
    let options = Options {
        client: client(info, config.ca_file.as_deref(), invalid)?,
        reconnect: reconnect(config),
        time_limit: Duration::from_millis(config.timeout_ms),
        prefix: format!("{service}:"),
        is_required: config.required,
    };
    Redis::new(options).map_err(invalid)
}

fn client(
    info: ConnectionInfo,
    ca_file: Option<&Path>,
    invalid: impl Fn(RedisError) -> ConnectError,
) -> Result<Client, ConnectError> {
    let Some(path) = ca_file else {
        return Client::open(info).map_err(invalid);
    };
    let root_cert = fs::read(path).map_err(|source| ConnectError::CaFile {
        path: path.to_owned(),
        source,
    })?;
    let certificates = TlsCertificates {
        client_tls: None,
        root_cert: Some(root_cert),
    };
    Client::build_with_tls(info, certificates).map_err(invalid)
}

/// One attempt for each that asks: the pauses between them are the breaker's.
fn reconnect(config: &RedisConfig) -> ConnectionManagerConfig {
    ConnectionManagerConfig::new()
        .set_number_of_retries(0)
        .set_connection_timeout(Some(Duration::from_millis(config.connect_timeout_ms)))
        // The client has a limit of its own, for the whole of a command.
        .set_response_timeout(None)
}

fn tell_ok(url: &ConnectionUrl, began: Instant) {
    let duration_ms = millis(began.elapsed());
    tracing::info!(message = event::REDIS_OK, url = shown(url), duration_ms);
}

/// The password may stand in the query as well.
fn shown(url: &ConnectionUrl) -> String {
    let shown = url.to_string();
    let (before_query, _) = shown.split_once('?').unwrap_or((&shown, ""));
    before_query.to_owned()
}
