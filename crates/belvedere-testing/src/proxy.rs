//! A network that fails: between a service and what it depends on.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream, ToSocketAddrs},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU8, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

/// How often what is held looks whether it may go on.
const PAUSE: Duration = Duration::from_millis(5);
/// Where PostgreSQL is when its URL does not say.
const POSTGRES_PORT: u16 = 5432;

/// A TCP proxy on a free loopback port that can stall, or refuse. Its connections end when it is dropped.
///
/// ```no_run
/// let postgres = belvedere_testing::ThrowAwayPostgres::start()?;
/// let proxy = belvedere_testing::TcpProxy::before(postgres.url())?;
/// println!("DATABASE_URL={}", proxy.url());
/// proxy.stall();
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "dropping it ends its connections"]
pub struct TcpProxy {
    addr: SocketAddr,
    url: String,
    line: Arc<Line>,
}

#[derive(Debug)]
struct Line {
    upstream: SocketAddr,
    mode: AtomicU8,
    messages: AtomicUsize,
    open: Mutex<Vec<TcpStream>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Mode {
    Forward,
    Stall,
    Refuse,
    Ended,
}

impl TcpProxy {
    /// Forwards to the host and port of a URL.
    ///
    /// # Errors
    ///
    /// The host is unknown, or there is no free port.
    pub fn before(url: &str) -> io::Result<Self> {
        let (begin, authority, end) = split(url);
        let upstream = resolve(authority)?;
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let addr = listener.local_addr()?;
        let line = Arc::new(Line {
            upstream,
            mode: AtomicU8::new(Mode::Forward as u8),
            messages: AtomicUsize::new(0),
            open: Mutex::default(),
        });
        let accepting = Arc::clone(&line);
        thread::spawn(move || accepting.accept(&listener));
        let url = format!("{begin}{addr}{end}");
        Ok(Self { addr, url, line })
    }

    /// The URL through this proxy.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Accepts connections and takes what is sent, but passes nothing on: a host that hangs.
    pub fn stall(&self) {
        self.line.set(Mode::Stall);
    }

    /// Closes every connection, and each new one at once: a host whose program is gone.
    pub fn refuse(&self) {
        self.line.set(Mode::Refuse);
        self.line.cut();
    }

    /// Passes on again, what was held first.
    pub fn resume(&self) {
        self.line.set(Mode::Forward);
    }

    /// How often something was sent towards the host, passed on or not.
    pub fn messages(&self) -> usize {
        self.line.messages.load(Ordering::Relaxed)
    }
}

impl Drop for TcpProxy {
    fn drop(&mut self) {
        self.line.set(Mode::Ended);
        self.line.cut();
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.addr);
    }
}

impl Line {
    fn set(&self, mode: Mode) {
        self.mode.store(mode as u8, Ordering::Release);
    }

    fn is(&self, mode: Mode) -> bool {
        self.mode.load(Ordering::Acquire) == mode as u8
    }

    fn open(&self) -> MutexGuard<'_, Vec<TcpStream>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn cut(&self) {
        for stream in self.open().drain(..) {
            // It may be closed already.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    fn accept(self: &Arc<Self>, listener: &TcpListener) {
        for client in listener.incoming().map_while(Result::ok) {
            if self.is(Mode::Ended) {
                return;
            }
            if !self.is(Mode::Refuse) {
                // A host that cannot be reached closes this one connection.
                let _ = self.relay(client);
            }
        }
    }

    fn relay(self: &Arc<Self>, client: TcpStream) -> io::Result<()> {
        let host = TcpStream::connect(self.upstream)?;
        let (to_host, to_client) = (host.try_clone()?, client.try_clone()?);
        self.open().extend([client.try_clone()?, host.try_clone()?]);
        let (there, back) = (Arc::clone(self), Arc::clone(self));
        thread::spawn(move || there.carry(client, to_host, &there.messages));
        thread::spawn(move || back.carry(host, to_client, &AtomicUsize::new(0)));
        Ok(())
    }

    fn carry(&self, mut from: TcpStream, mut to: TcpStream, messages: &AtomicUsize) {
        let mut buffer = [0; 16 * 1024];
        while let Ok(read @ 1..) = from.read(&mut buffer) {
            messages.fetch_add(1, Ordering::Relaxed);
            while self.is(Mode::Stall) {
                thread::sleep(PAUSE);
            }
            if to.write_all(&buffer[..read]).is_err() {
                break;
            }
        }
        // Either side may be closed already.
        let _ = to.shutdown(Shutdown::Both);
    }
}

/// What is before the host, host and port, and what is behind.
fn split(url: &str) -> (&str, &str, &str) {
    let scheme = url.find("://").map_or(0, |at| at + 3);
    let end = url[scheme..]
        .find(['/', '?'])
        .map_or(url.len(), |at| scheme + at);
    let host = url[..end].rfind('@').map_or(scheme, |at| at + 1);
    (&url[..host], &url[host..end], &url[end..])
}

fn resolve(authority: &str) -> io::Result<SocketAddr> {
    let mut found = match authority.to_socket_addrs() {
        Ok(found) => found,
        Err(_) => (authority, POSTGRES_PORT).to_socket_addrs()?,
    };
    found.next().ok_or_else(|| io::ErrorKind::NotFound.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A host that sends back what comes, a proxy before it, and a client.
    fn echo() -> (TcpProxy, TcpStream) {
        let host = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = TcpProxy::before(&format!("tcp://{}/", host.local_addr().unwrap())).unwrap();
        thread::spawn(move || {
            for stream in host.incoming().flatten() {
                let mut back = stream.try_clone().unwrap();
                thread::spawn(move || io::copy(&mut &stream, &mut back));
            }
        });
        let client = TcpStream::connect(proxy.addr).unwrap();
        let short = Some(Duration::from_millis(100));
        client.set_read_timeout(short).unwrap();
        (proxy, client)
    }

    fn hear(client: &mut TcpStream) -> io::Result<usize> {
        client.read(&mut [0; 8])
    }

    #[test]
    fn what_is_sent_to_a_stalled_host_is_counted_and_held() {
        let (proxy, mut client) = echo();
        proxy.stall();
        client.write_all(b"hello").unwrap();
        assert!(hear(&mut client).is_err());
        assert_eq!(proxy.messages(), 1);
        proxy.resume();
        client.set_read_timeout(None).unwrap();
        assert_eq!(hear(&mut client).unwrap(), 5);
    }

    #[test]
    fn a_host_that_refuses_closes_what_is_open_and_what_comes() {
        let (proxy, mut client) = echo();
        client.set_read_timeout(None).unwrap();
        client.write_all(b"hello").unwrap();
        assert_eq!(hear(&mut client).unwrap(), 5);
        proxy.refuse();
        assert_eq!(hear(&mut client).unwrap_or(0), 0);
        let mut another = TcpStream::connect(proxy.addr).unwrap();
        assert_eq!(hear(&mut another).unwrap_or(0), 0);
    }

    #[test]
    fn a_url_is_split_at_its_host() {
        for (url, wanted) in [
            ("postgres://u:p@h:1/a?b", ("postgres://u:p@", "h:1", "/a?b")),
            ("postgres://h", ("postgres://", "h", "")),
            ("http://h:80?q=@", ("http://", "h:80", "?q=@")),
        ] {
            assert_eq!(split(url), wanted);
        }
    }
}
