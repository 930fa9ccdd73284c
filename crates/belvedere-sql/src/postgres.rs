use std::{borrow::Cow, env, str::FromStr};

use sqlx::{ConnectOptions, Error, Postgres, error::DatabaseError, postgres::PgConnectOptions};

use crate::Backend;

/// What the server is told when nothing better is known.
const UNKNOWN: &str = "belvedere";
/// An SQLSTATE that is not there: the server always sends one (protocol, ErrorResponse, field C).
const NO_SQLSTATE: &str = "XX000";

impl Backend for Postgres {
    const SYSTEM_NAME: &'static str = "postgresql";
    const URL_EXAMPLE: &'static str = "postgres://user:password@host/database";

    /// Statements are prepared once per connection (sqlx keeps 100). `application_name` of the URL, or `PGAPPNAME`, or the
    /// name of the program: what `pg_stat_activity` shows.
    fn options(url: &str) -> Result<PgConnectOptions, Error> {
        let mut options = PgConnectOptions::from_str(url)?;
        if options.get_application_name().is_none() {
            options = options.application_name(&program());
        }
        Ok(options.disable_statement_logging())
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

fn program() -> String {
    let path = env::current_exe().ok();
    let name = path.as_deref().and_then(|path| path.file_stem());
    name.map_or_else(
        || UNKNOWN.to_owned(),
        |name| name.to_string_lossy().into_owned(),
    )
}
