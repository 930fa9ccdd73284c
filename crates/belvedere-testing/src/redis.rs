//! A Redis for one test.

use std::{
    fmt,
    io::{self, ErrorKind, Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

/// The server's program.
const PROGRAM: &str = "redis-server";
/// What to do when it is missing.
const INSTALL: &str = "install Redis (Debian: `apt-get install redis-server`)";
/// How long a server may take to answer its first command.
const START: Duration = Duration::from_secs(10);
/// How long a test waits for an answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// A Redis server of its own, on a free loopback port, that keeps nothing on disk. It ends when this is dropped.
///
/// ```no_run
/// let mut redis = belvedere_testing::ThrowAwayRedis::start()?;
/// println!("REDIS_URL={}", redis.url());
/// redis.kill();
/// redis.start_again()?;
/// # std::io::Result::Ok(())
/// ```
#[must_use = "dropping it ends the server"]
pub struct ThrowAwayRedis {
    port: u16,
    password: Option<String>,
    tls: Option<Tls>,
    directory: TempDir,
    server: Option<Child>,
}

/// Where it speaks TLS besides, and as whom.
struct Tls {
    port: u16,
    certificate: PathBuf,
    key: PathBuf,
}

impl ThrowAwayRedis {
    /// Starts it. Blocks for a moment.
    ///
    /// # Errors
    ///
    /// When the program is missing or does not answer; the message says what to do.
    pub fn start() -> io::Result<Self> {
        Self::begin(None, None)
    }

    /// The same, for those alone who know `password`.
    ///
    /// # Errors
    ///
    /// As for [`ThrowAwayRedis::start`].
    pub fn with_password(password: &str) -> io::Result<Self> {
        Self::begin(Some(password.to_owned()), None)
    }

    /// The same, that speaks TLS besides, with these files (PEM).
    ///
    /// # Errors
    ///
    /// As for [`ThrowAwayRedis::start`].
    pub fn with_tls(certificate: &Path, key: &Path) -> io::Result<Self> {
        let tls = Tls {
            port: free_port()?,
            certificate: certificate.to_owned(),
            key: key.to_owned(),
        };
        Self::begin(None, Some(tls))
    }

    fn begin(password: Option<String>, tls: Option<Tls>) -> io::Result<Self> {
        let mut redis = Self {
            port: free_port()?,
            password,
            tls,
            directory: tempfile::Builder::new()
                .prefix("belvedere-redis-")
                .tempdir()?,
            server: None,
        };
        redis.start_again()?;
        Ok(redis)
    }

    /// Where it is, password included.
    pub fn url(&self) -> String {
        let login = self.password.as_ref();
        let login = login.map_or_else(String::new, |password| format!(":{password}@"));
        format!("redis://{login}127.0.0.1:{}", self.port)
    }

    /// Where it speaks TLS, if it does.
    pub fn tls_url(&self) -> Option<String> {
        let tls = self.tls.as_ref()?;
        Some(format!("rediss://127.0.0.1:{}", tls.port))
    }

    /// Ends it at once, as a crash would. What it knew is gone.
    pub fn kill(&mut self) {
        if let Some(mut server) = self.server.take() {
            // It may have ended already.
            let _ = server.kill();
            let _ = server.wait();
        }
    }

    /// Starts it at the same port, empty.
    ///
    /// # Errors
    ///
    /// As for [`ThrowAwayRedis::start`].
    pub fn start_again(&mut self) -> io::Result<()> {
        self.kill();
        self.server = Some(self.command().spawn().map_err(missing)?);
        let deadline = Instant::now() + START;
        while self.ask("PING").is_err() {
            if Instant::now() > deadline {
                return Err(io::Error::other(format!("{PROGRAM} does not answer")));
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// Lets all clients wait for `time` (`CLIENT PAUSE`).
    ///
    /// # Errors
    ///
    /// It does not answer.
    pub fn pause(&self, time: Duration) -> io::Result<()> {
        self.ask(&format!("CLIENT PAUSE {} ALL", time.as_millis()))
            .map(drop)
    }

    /// One command, its words apart by spaces; the first line of what it answers.
    ///
    /// # Errors
    ///
    /// It does not answer, or with an error.
    pub fn ask(&self, command: &str) -> io::Result<String> {
        let mut socket = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        socket.set_read_timeout(Some(PATIENCE))?;
        if let Some(password) = &self.password {
            speak(&mut socket, &format!("AUTH {password}"))?;
        }
        speak(&mut socket, command)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(PROGRAM);
        let port = self.port.to_string();
        command.args(["--port", &port, "--bind", "127.0.0.1", "--save", ""]);
        command.args(["--appendonly", "no", "--dir"]);
        command.arg(self.directory.path());
        if let Some(password) = &self.password {
            command.args(["--requirepass", password]);
        }
        if let Some(tls) = &self.tls {
            command.args(["--tls-port", &tls.port.to_string()]);
            command.arg("--tls-cert-file").arg(&tls.certificate);
            command.arg("--tls-key-file").arg(&tls.key);
            command.arg("--tls-ca-cert-file").arg(&tls.certificate);
            command.args(["--tls-auth-clients", "no"]);
        }
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command
    }
}

impl Drop for ThrowAwayRedis {
    fn drop(&mut self) {
        self.kill();
    }
}

impl fmt::Debug for ThrowAwayRedis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThrowAwayRedis")
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

/// The inline form of the protocol (Redis, RESP specification).
fn speak(socket: &mut TcpStream, command: &str) -> io::Result<String> {
    socket.write_all(format!("{command}\r\n").as_bytes())?;
    let line = read_line(socket)?;
    match line.strip_prefix('-') {
        Some(error) => Err(io::Error::other(error.to_owned())),
        None if line.starts_with('$') && line != "$-1" => read_line(socket),
        None => Ok(line.trim_start_matches(['+', ':']).to_owned()),
    }
}

fn read_line(socket: &mut TcpStream) -> io::Result<String> {
    let mut line = Vec::new();
    let mut byte = [0];
    while !line.ends_with(b"\r\n") {
        socket.read_exact(&mut byte)?;
        line.push(byte[0]);
    }
    line.truncate(line.len() - 2);
    String::from_utf8(line).map_err(io::Error::other)
}

fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
        .local_addr()?
        .port())
}

fn missing(error: io::Error) -> io::Error {
    if error.kind() == ErrorKind::NotFound {
        return io::Error::new(
            ErrorKind::NotFound,
            format!("`{PROGRAM}` is missing: {INSTALL}"),
        );
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_answers_forgets_at_its_end_and_comes_back_at_the_same_place() {
        let mut redis = ThrowAwayRedis::with_password("hunter2").unwrap();
        let url = redis.url();
        assert_eq!(redis.ask("SET colour blue").unwrap(), "OK");
        assert_eq!(redis.ask("GET colour").unwrap(), "blue");
        redis.kill();
        assert!(redis.ask("PING").is_err());
        redis.start_again().unwrap();
        assert_eq!(redis.ask("GET colour").unwrap(), "$-1");
        assert_eq!(redis.url(), url);
    }
}
