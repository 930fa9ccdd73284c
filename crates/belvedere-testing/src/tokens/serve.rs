use std::{
    io::{self, BufRead, BufReader, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

/// Answers every request with the same text.
pub(super) struct Served {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    answer: Mutex<(u16, String)>,
    requests: AtomicUsize,
    has_ended: AtomicBool,
}

impl Served {
    pub(super) fn start(body: String) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            answer: Mutex::new((200, body)),
            requests: AtomicUsize::new(0),
            has_ended: AtomicBool::new(false),
        });
        let serving = Arc::clone(&shared);
        thread::Builder::new()
            .name("token-issuer".to_owned())
            .spawn(move || serve(&listener, &serving))?;
        Ok(Self { address, shared })
    }

    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn answer(&self, status: u16, body: String) {
        *self.shared.answer() = (status, body);
    }

    pub(super) fn requests(&self) -> usize {
        self.shared.requests.load(Ordering::Acquire)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.shared.has_ended.store(true, Ordering::Release);
        // Wakes the thread that accepts; if that cannot be, it ends with the test.
        drop(TcpStream::connect(self.address));
    }
}

impl Shared {
    fn answer(&self) -> MutexGuard<'_, (u16, String)> {
        self.answer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn serve(listener: &TcpListener, shared: &Shared) {
    for stream in listener.incoming() {
        if shared.has_ended.load(Ordering::Acquire) {
            return;
        }
        // A caller that goes away is its own affair.
        let _ = stream.and_then(|stream| answer(&stream, shared));
    }
}

fn answer(mut stream: &TcpStream, shared: &Shared) -> io::Result<()> {
    let mut lines = BufReader::new(stream).lines();
    while lines
        .next()
        .transpose()?
        .is_some_and(|line| !line.is_empty())
    {}
    shared.requests.fetch_add(1, Ordering::AcqRel);
    let (status, body) = shared.answer().clone();
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status} Told\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
}
