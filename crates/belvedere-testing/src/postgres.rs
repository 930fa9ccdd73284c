//! A PostgreSQL for one test.

use std::{
    env, fmt, fs,
    io::{self, ErrorKind},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Output},
    time::SystemTime,
};

use tempfile::TempDir;

/// Where Debian keeps the server's programs, one directory per version.
const DEBIAN: &str = "/usr/lib/postgresql";
/// Who may run the server where we are root: it refuses to run as root.
const SERVER_USER: &str = "postgres";
/// The superuser of a private server.
const ADMIN: &str = "belvedere";
/// What to do when programs are missing.
const INSTALL: &str = "install PostgreSQL (Debian: `apt-get install postgresql`), or set DATABASE_URL to one that runs";
/// Nothing of a throw-away server has to survive a crash, and no statement is worth a compiler: the first that PostgreSQL
/// compiles reads 110 MB of LLVM, for seconds where nobody has read them yet.
const FAST: &str = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c jit=off";

/// A PostgreSQL database that nobody else uses, gone when this is dropped.
///
/// Where `DATABASE_URL` is a PostgreSQL URL, it is a new database on that server; otherwise a server of its own on a free
/// loopback port, in a temporary directory. A test process that is killed leaves either behind.
///
/// ```no_run
/// let postgres = belvedere_testing::ThrowAwayPostgres::start()?;
/// assert!(postgres.url().starts_with("postgres"));
/// # Ok::<_, belvedere_testing::PostgresError>(())
/// ```
#[derive(Debug)]
#[must_use = "dropping it removes the database"]
pub struct ThrowAwayPostgres {
    url: String,
    home: Home,
}

/// Why there is no PostgreSQL, and what to do about it.
#[derive(Debug)]
pub struct PostgresError(String);

#[derive(Debug)]
enum Home {
    Server(Server),
    #[expect(dead_code, reason = "held for its drop")]
    Database(Database),
}

impl ThrowAwayPostgres {
    /// Starts it, in a second or two. Blocks.
    ///
    /// # Errors
    ///
    /// When the programs are missing or fail; the message says what to do, or what they said.
    pub fn start() -> Result<Self, PostgresError> {
        match env::var("DATABASE_URL") {
            Ok(url) if url.starts_with("postgres") => Self::on(url),
            _ => Self::alone(),
        }
    }

    /// Starts a server of its own, whatever `DATABASE_URL` says: one that can be restarted. Blocks.
    ///
    /// # Errors
    ///
    /// As [`ThrowAwayPostgres::start`].
    pub fn server() -> Result<Self, PostgresError> {
        Self::alone()
    }

    /// Where it is, user included.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Ends the server as a crash would (`pg_ctl restart -m immediate`), and waits until it is back. Blocks.
    ///
    /// # Errors
    ///
    /// It does not come back, or is somebody else's: see [`ThrowAwayPostgres::server`].
    pub fn restart(&self) -> Result<(), PostgresError> {
        match &self.home {
            Home::Server(server) => server.restart(),
            Home::Database(_) => Err(PostgresError(
                "the server of DATABASE_URL is not ours to restart".to_owned(),
            )),
        }
    }

    fn on(server: String) -> Result<Self, PostgresError> {
        let database = Database::create(server)?;
        Ok(Self {
            url: with_database(&database.server, &database.name),
            home: Home::Database(database),
        })
    }

    fn alone() -> Result<Self, PostgresError> {
        let server = Server::start()?;
        Ok(Self {
            url: format!("postgres://{ADMIN}@127.0.0.1:{}/postgres", server.port),
            home: Home::Server(server),
        })
    }
}

impl fmt::Display for PostgresError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for PostgresError {}

impl From<io::Error> for PostgresError {
    fn from(error: io::Error) -> Self {
        Self(format!("no throw-away PostgreSQL: {error}"))
    }
}

/// A server of our own.
#[derive(Debug)]
struct Server {
    programs: PathBuf,
    directory: TempDir,
    port: u16,
}

impl Server {
    fn start() -> Result<Self, PostgresError> {
        let server = Self {
            programs: programs("initdb")?,
            directory: owned_directory()?,
            port: free_port()?,
        };
        let auth = ["--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"];
        let user = format!("--username={ADMIN}");
        server.run("initdb", auth.iter().copied().chain([&*user]))?;
        server.control(&["start"])?;
        Ok(server)
    }

    fn restart(&self) -> Result<(), PostgresError> {
        self.control(&["restart", "-m", "immediate"])
    }

    /// Brings it up, and waits until it takes connections.
    fn control(&self, how: &[&str]) -> Result<(), PostgresError> {
        let (log, options) = (self.log(), self.options());
        let rest = ["-w", "-l", &log, "-o", &options];
        self.run("pg_ctl", how.iter().copied().chain(rest))
    }

    fn run<'a>(
        &self,
        program: &str,
        arguments: impl IntoIterator<Item = &'a str>,
    ) -> Result<(), PostgresError> {
        let mut command = as_server_user(&self.programs.join(program));
        // The server's user may not be able to enter the directory that the tests run in.
        command.current_dir(self.directory.path());
        command.arg("-D").arg(self.directory.path().join("data"));
        run(command.args(arguments))
    }

    fn log(&self) -> String {
        self.directory.path().join("log").display().to_string()
    }

    fn options(&self) -> String {
        let port = self.port;
        format!("-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= {FAST}")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A server that never started cannot be stopped; the directory goes either way.
        let _ = self.run("pg_ctl", ["stop", "-w", "-m", "immediate"]);
    }
}

/// A database of our own on somebody's server.
#[derive(Debug)]
struct Database {
    psql: PathBuf,
    server: String,
    name: String,
}

impl Database {
    fn create(server: String) -> Result<Self, PostgresError> {
        let database = Self {
            psql: programs("psql")?.join("psql"),
            server,
            name: unique_name(),
        };
        database.run(&format!("CREATE DATABASE {}", database.name))?;
        Ok(database)
    }

    fn run(&self, sql: &str) -> Result<(), PostgresError> {
        run(Command::new(&self.psql).args(["-d", &self.server, "-qc", sql]))
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // A server that is gone has nothing to drop.
        let _ = self.run(&format!("DROP DATABASE {} WITH (FORCE)", self.name));
    }
}

fn unique_name() -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let nanos = now.map_or(0, |since| since.as_nanos());
    format!("belvedere_test_{}_{nanos}", std::process::id())
}

/// `postgres://user@host/any?query` -> `postgres://user@host/name?query`.
fn with_database(url: &str, name: &str) -> String {
    let (base, query) = url.split_once('?').unwrap_or((url, ""));
    let authority = base.find("://").map_or(0, |scheme| scheme + 3);
    let end = base[authority..]
        .find('/')
        .map_or(base.len(), |at| authority + at);
    let query = if query.is_empty() {
        String::new()
    } else {
        format!("?{query}")
    };
    format!("{}/{name}{query}", &base[..end])
}

fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// A temporary directory that the server's user may write to.
fn owned_directory() -> Result<TempDir, PostgresError> {
    let directory = tempfile::Builder::new()
        .prefix("belvedere-postgres-")
        .tempdir()?;
    if is_root() {
        run(Command::new("chown").arg(SERVER_USER).arg(directory.path()))?;
    }
    Ok(directory)
}

fn as_server_user(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("runuser");
    command.args(["-u", SERVER_USER, "--"]).arg(program);
    command
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;

    // The process's own entry belongs to its effective user.
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

/// The directory that holds `program`: on the `PATH`, or the newest of Debian's.
fn programs(program: &str) -> Result<PathBuf, PostgresError> {
    let path = env::var_os("PATH").unwrap_or_default();
    let on_path = env::split_paths(&path).find(|directory| directory.join(program).is_file());
    let found = on_path.or_else(|| newest_of_debian(program));
    found.ok_or_else(|| PostgresError(format!("`{program}` is missing: {INSTALL}")))
}

fn newest_of_debian(program: &str) -> Option<PathBuf> {
    let versions = fs::read_dir(DEBIAN).ok()?.flatten();
    let named = versions.filter_map(|entry| {
        let version: u32 = entry.file_name().to_str()?.parse().ok()?;
        Some((version, entry.path().join("bin")))
    });
    let usable = named.filter(|(_, directory)| directory.join(program).is_file());
    usable.max().map(|(_, directory)| directory)
}

fn run(command: &mut Command) -> Result<(), PostgresError> {
    match command.output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(said(command, &output)),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(PostgresError(format!(
            "`{}` is missing: {INSTALL}",
            command.get_program().display()
        ))),
        Err(error) => Err(error.into()),
    }
}

/// The program and its words, without its arguments: a URL among them may hold a password.
fn said(command: &Command, output: &Output) -> PostgresError {
    let words = String::from_utf8_lossy(&output.stderr);
    let program = command.get_program().display();
    PostgresError(format!(
        "`{program}` failed ({}): {}",
        output.status,
        words.trim()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_keeps_everything_but_its_database() {
        for (url, wanted) in [
            (
                "postgres://u:p@h:1/a?sslmode=require",
                "postgres://u:p@h:1/x?sslmode=require",
            ),
            ("postgres://h", "postgres://h/x"),
            ("postgres://h/", "postgres://h/x"),
        ] {
            assert_eq!(with_database(url, "x"), wanted);
        }
    }

    #[test]
    fn missing_programs_name_the_package() {
        let error = programs("no-such-program").unwrap_err();
        assert!(error.to_string().contains("apt-get install postgresql"));
    }
}
