use std::{borrow::Cow, net::IpAddr, str::FromStr, time::Duration};

use belvedere_core::config::Seconds;
use sqlx::{
    ConnectOptions, Error, Executor, PgConnection, Postgres,
    error::DatabaseError,
    postgres::{PgConnectOptions, PgSslMode},
};

use crate::{
    Backend, DatabaseConfig,
    backend::{Learned, program},
};

/// An SQLSTATE that is not there: the server always sends one (protocol, ErrorResponse, field C).
const NO_SQLSTATE: &str = "XX000";
/// The first version that notices in the middle of a statement that its client is gone, where it is told to look.
const CHECKS_CLIENTS: u32 = 140_000;
/// How often it looks: a system call.
const CLIENT_CHECK_INTERVAL: &str = "500ms";
/// What one role may open: the rest is kept for superusers.
const MAX_CONNECTIONS: &str = "SELECT (current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int)::int";
/// What a migration, and the wait for another one's, may not be cut by.
const UNLIMIT: &str = "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0";

impl Backend for Postgres {
    const SYSTEM_NAME: &'static str = "postgresql";
    const URL_EXAMPLE: &'static str = "postgres://user:password@host/database";
    const PROBE: Option<&'static str> = Some("SELECT 1");
    // Longer than a round trip; shorter than what a waiting caller would notice.
    const ABANDONED_FOR: Option<Duration> = Some(Duration::from_millis(50));

    /// A server that is not on this machine has to prove who it is, unless the URL says otherwise.
    ///
    /// Statements are prepared once per connection (sqlx keeps 100). `application_name` of the URL, or `PGAPPNAME`, or the
    /// name of the program: what `pg_stat_activity` shows.
    fn options(url: &str, config: &DatabaseConfig) -> Result<PgConnectOptions, Error> {
        let mut options = verified(PgConnectOptions::from_str(url)?, url);
        if options.get_application_name().is_none() {
            options = options.application_name(&program());
        }
        let limits = [
            ("statement_timeout", config.statement_timeout_seconds),
            (
                "idle_in_transaction_session_timeout",
                config.idle_in_transaction_timeout_seconds,
            ),
        ];
        Ok(options
            .options(limits.into_iter().filter_map(limit))
            .disable_statement_logging())
    }

    /// A connection that is closed in the middle of a statement ends that: nothing would for as long as it waits for a lock.
    async fn learn(connection: &mut PgConnection, options: PgConnectOptions) -> Learned<Self> {
        let checks = connection.server_version_num() >= Some(CHECKS_CLIENTS);
        let check = checks.then_some(("client_connection_check_interval", CLIENT_CHECK_INTERVAL));
        // Others that speak the protocol may not know these settings.
        let max = sqlx::query_scalar::<_, i32>(MAX_CONNECTIONS).fetch_one(connection);
        Learned {
            options: options.options(check),
            max_connections: max.await.ok().and_then(|max| u32::try_from(max).ok()),
        }
    }

    async fn unlimit(connection: &mut PgConnection) -> Result<(), Error> {
        connection.execute(UNLIMIT).await.map(drop)
    }

    fn application(options: &PgConnectOptions) -> String {
        let name = options.get_application_name();
        name.map_or_else(program, str::to_owned)
    }

    fn namespace(options: &PgConnectOptions) -> String {
        let database = options.get_database();
        database.unwrap_or(options.get_username()).to_owned()
    }

    /// The SQLSTATE.
    fn error_class(error: &dyn DatabaseError) -> Cow<'static, str> {
        let code = error.code().map(Cow::into_owned);
        code.map_or(Cow::Borrowed(NO_SQLSTATE), Cow::Owned)
    }
}

/// Poolers refuse settings that they do not know, so that one that is off is not sent.
fn limit((name, limit): (&'static str, Seconds)) -> Option<(&'static str, String)> {
    let millis = limit.duration().as_millis();
    (millis > 0).then(|| (name, format!("{millis}ms")))
}

/// sqlx's own default takes any certificate, and none: whoever stands between could read along. `sslmode` in the URL, or
/// `PGSSLMODE`, is obeyed whatever it says.
fn verified(options: PgConnectOptions, url: &str) -> PgConnectOptions {
    let is_said = url.contains("sslmode=")
        || url.contains("ssl-mode=")
        || std::env::var_os("PGSSLMODE").is_some();
    if is_said || is_here(&options) {
        return options;
    }
    options.ssl_mode(PgSslMode::VerifyFull)
}

/// A socket file, or a loopback address.
fn is_here(options: &PgConnectOptions) -> bool {
    let host = options.get_host();
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    options.get_socket().is_some()
        || host.starts_with('/')
        || host == "localhost"
        || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_elsewhere_has_to_prove_who_it_is_unless_the_url_says_otherwise() {
        for (url, is_verified) in [
            ("postgres://u@db.example/d", true),
            ("postgres://u@10.0.0.7/d?application_name=a", true),
            ("postgres://u@db.example/d?sslmode=disable", false),
            ("postgres://u@db.example/d?sslmode=require", false),
            ("postgres://u@127.0.0.1:5433/d", false),
            ("postgres://u@[::1]/d", false),
            ("postgres://u@localhost/d", false),
            ("postgres://u@%2Fvar%2Frun%2Fpostgresql/d", false),
        ] {
            let options = verified(PgConnectOptions::from_str(url).unwrap(), url);
            let is_full = matches!(options.get_ssl_mode(), PgSslMode::VerifyFull);
            assert_eq!(is_full, is_verified, "{url}");
        }
    }
}
