use std::{
    io,
    path::PathBuf,
    time::{Duration, Instant},
};

use belvedere_core::{ConnectionUrl, millis, names::event};
use sqlx::{Connection, Database, Error, Pool, pool::PoolOptions};
use tokio::time;

use crate::{
    Backend, DatabaseConfig, Db,
    backend::{Learned, Options},
    statement::Watch,
};

/// The first pause between two tries; each next one is twice as long, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// A database that comes back is noticed within this time.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// SQLSTATE of a refused user or password (class 28): waiting mends neither.
const REFUSED: &str = "28";

/// Why there is no database. No URL in it shows a password.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// There is no URL.
    #[error("DATABASE_URL is not set: it has to be something like `{example}`")]
    NotSet {
        /// A URL that would do.
        example: &'static str,
    },
    /// The URL is for another database than the service was built for.
    #[error(
        "the database url `{url}` is not for {system}: set DATABASE_URL to something like `{example}`, or build the service for that database"
    )]
    OtherDatabase {
        /// Without user, password and query.
        url: String,
        /// What the service was built for.
        system: &'static str,
        /// A URL that would do.
        example: &'static str,
    },
    /// The URL cannot be read.
    #[error(
        "the database url `{url}` cannot be read: set DATABASE_URL to something like `{example}`"
    )]
    InvalidUrl {
        /// Without user, password and query.
        url: String,
        /// A URL that would do.
        example: &'static str,
        /// What is wrong with it.
        source: Error,
    },
    /// The directory of an SQLite file cannot be created.
    #[error("the directory `{}` of the database cannot be created: make it writable, or set DATABASE_URL to another place", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The database refuses the user or the password.
    #[error("the database at `{url}` refuses the user or the password: check both in DATABASE_URL")]
    Refused {
        /// Without user, password and query.
        url: String,
        /// What the database said.
        source: Error,
    },
    /// The database cannot prove who it is.
    #[error(
        "the database at `{url}` cannot prove who it is by TLS: add `sslrootcert=ca.pem` to DATABASE_URL if its certificate is your own, or `sslmode=disable` where nobody can stand in between"
    )]
    Untrusted {
        /// Without user, password and query.
        url: String,
        /// What is missing.
        source: Error,
    },
    /// The database did not answer in time.
    #[error("the database at `{url}` did not answer within {} s: check that it runs and that DATABASE_URL is right", waited.as_secs())]
    Unreachable {
        /// Without user, password and query.
        url: String,
        /// How long it was tried.
        waited: Duration,
        /// What the last try met.
        source: Error,
    },
}

impl ConnectError {
    /// Whether it is a setting that is wrong, and not the database.
    pub const fn is_setting(&self) -> bool {
        matches!(
            self,
            Self::NotSet { .. } | Self::OtherDatabase { .. } | Self::InvalidUrl { .. }
        )
    }
}

impl<DB: Backend> Db<DB> {
    /// Connects, and tries again with growing, jittered pauses until `patience` has passed; zero means one try.
    /// What waiting cannot mend fails at once. Logs `database_connection_ok`; to log the failure is the caller's part.
    ///
    /// # Errors
    ///
    /// See [`ConnectError`].
    pub async fn connect(
        config: &DatabaseConfig,
        patience: Duration,
    ) -> Result<Self, ConnectError> {
        let example = DB::URL_EXAMPLE;
        let url = config.url.as_ref();
        let url = url.ok_or(ConnectError::NotSet { example })?;
        let options = options::<DB>(url, config)?;
        DB::prepare(&options)?;
        let began = Instant::now();
        let limit = config.acquire_timeout_seconds.duration();
        let learned = reach::<DB>(&options, limit, began + patience)
            .await
            .map_err(|error| give_up(url, began.elapsed(), error))?;
        warn_if_too_many(config, learned.max_connections);
        let db = open(config, url, learned.options);
        tracing::info!(
            message = event::DATABASE_OK,
            db_system_name = DB::SYSTEM_NAME,
            url = shown(url),
            duration_ms = millis(began.elapsed())
        );
        Ok(db)
    }
}

fn options<DB: Backend>(
    url: &ConnectionUrl,
    config: &DatabaseConfig,
) -> Result<Options<DB>, ConnectError> {
    let scheme = url.expose().split(':').next().unwrap_or_default();
    if !<DB as Database>::URL_SCHEMES.contains(&scheme) {
        return Err(ConnectError::OtherDatabase {
            url: shown(url),
            system: DB::SYSTEM_NAME,
            example: DB::URL_EXAMPLE,
        });
    }
    DB::options(url.expose(), config).map_err(|source| ConnectError::InvalidUrl {
        url: shown(url),
        example: DB::URL_EXAMPLE,
        source,
    })
}

fn open<DB: Backend>(config: &DatabaseConfig, url: &ConnectionUrl, options: Options<DB>) -> Db<DB> {
    let pool = PoolOptions::new()
        .max_connections(config.pool_size)
        .test_before_acquire(DB::BREAKS_IDLE)
        .acquire_timeout(config.acquire_timeout_seconds.duration());
    let watch = Watch::new::<DB>(config, &options);
    let pool: Pool<DB> = DB::pool(url.expose(), pool).connect_lazy_with(options);
    Db::new(pool, watch)
}

/// The replica that comes last would find the door shut, on the day that all are busy.
fn warn_if_too_many(config: &DatabaseConfig, max_connections: Option<u32>) {
    let wanted = u64::from(config.pool_size) * u64::from(config.replicas);
    if let Some(max_connections) = max_connections
        && wanted > u64::from(max_connections)
    {
        tracing::warn!(
            message = event::DATABASE_POOL_TOO_LARGE,
            pool_size = config.pool_size,
            replicas = config.replicas,
            max_connections
        );
    }
}

/// Opens one connection and closes it. Not the pool's own: its error would say that the pool was slow, not why.
async fn reach<DB: Backend>(
    options: &Options<DB>,
    limit: Duration,
    deadline: Instant,
) -> Result<Learned<DB>, Error> {
    let mut pause = FIRST_PAUSE;
    loop {
        let error = match try_once::<DB>(options, limit).await {
            Ok(learned) => return Ok(learned),
            Err(error) => error,
        };
        let jittered = pause.mul_f64(0.5 + fastrand::f64());
        if is_refused(&error) || is_untrusted(&error) || Instant::now() + jittered >= deadline {
            return Err(error);
        }
        tracing::info!(%error, "database_connection_retried");
        time::sleep(jittered).await;
        pause = LONGEST_PAUSE.min(pause * 2);
    }
}

async fn try_once<DB: Backend>(
    options: &Options<DB>,
    limit: Duration,
) -> Result<Learned<DB>, Error> {
    let work = async {
        let mut connection = DB::Connection::connect_with(options).await?;
        let learned = DB::learn(&mut connection, options.clone()).await;
        connection.close().await?;
        Ok(learned)
    };
    time::timeout(limit, work).await.map_err(|_| timed_out())?
}

fn timed_out() -> Error {
    Error::Io(io::ErrorKind::TimedOut.into())
}

fn give_up(url: &ConnectionUrl, waited: Duration, source: Error) -> ConnectError {
    let url = shown(url);
    if is_refused(&source) {
        return ConnectError::Refused { url, source };
    }
    if is_untrusted(&source) {
        return ConnectError::Untrusted { url, source };
    }
    ConnectError::Unreachable {
        url,
        waited,
        source,
    }
}

const fn is_untrusted(error: &Error) -> bool {
    matches!(error, Error::Tls(_))
}

fn is_refused(error: &Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    code.is_some_and(|code| code.len() == 5 && code.starts_with(REFUSED))
}

/// PostgreSQL takes `?password=` as well.
fn shown(url: &ConnectionUrl) -> String {
    let shown = url.to_string();
    let (before_query, _) = shown.split_once('?').unwrap_or((&shown, ""));
    before_query.to_owned()
}
