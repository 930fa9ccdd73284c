use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

/// Longest wait for an answer. Generous: the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// A caller that keeps its connection until it is told to close, and repeats nothing.
#[derive(Debug)]
pub(crate) struct Kept {
    addr: SocketAddr,
    stream: Option<BufReader<TcpStream>>,
}

/// Status and body of an answer.
pub(crate) type Answered = (u16, String);

impl Kept {
    pub(crate) const fn new(addr: SocketAddr) -> Self {
        Self { addr, stream: None }
    }

    /// Any failure is final: nothing is asked twice.
    pub(crate) fn get(&mut self, path: &str) -> io::Result<Answered> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => open(self.addr)?,
        };
        let request = format!("GET {path} HTTP/1.1\r\nhost: test\r\n\r\n");
        stream.get_mut().write_all(request.as_bytes())?;
        let (answered, is_kept) = answer(&mut stream)?;
        self.stream = is_kept.then_some(stream);
        Ok(answered)
    }
}

fn open(addr: SocketAddr) -> io::Result<BufReader<TcpStream>> {
    let stream = TcpStream::connect(addr)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(BufReader::new(stream))
}

/// The answer, and whether the connection goes on.
fn answer(stream: &mut BufReader<TcpStream>) -> io::Result<(Answered, bool)> {
    let status = line(stream)?;
    let status = status.split(' ').nth(1).and_then(|code| code.parse().ok());
    let (mut length, mut is_kept) = (0, true);
    loop {
        let line = line(stream)?;
        match line.split_once(": ") {
            None => break,
            Some(("content-length", value)) => length = value.parse().map_err(io::Error::other)?,
            Some(("connection", "close")) => is_kept = false,
            Some(_) => {}
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    let body = String::from_utf8(body).map_err(io::Error::other)?;
    let status = status.ok_or(io::ErrorKind::InvalidData)?;
    Ok(((status, body), is_kept))
}

fn line(stream: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut line = String::new();
    if stream.read_line(&mut line)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(line.trim_end().to_owned())
}
