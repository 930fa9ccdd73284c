use std::net::SocketAddr;

use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

use super::in_time;

/// A response, or as much of it as came.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    /// Whether the body came to the end that it promised.
    pub(crate) is_whole: bool,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// A connection that says exactly what it is told to.
pub(crate) struct Wire<S = TcpStream> {
    stream: S,
    arrived: Vec<u8>,
}

impl Wire {
    pub(crate) async fn open(addr: SocketAddr) -> Self {
        Self::over(TcpStream::connect(addr).await.unwrap())
    }

    /// One that can hold only a few KiB which are not read yet.
    pub(crate) async fn open_narrow(addr: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        Self::over(socket.connect(addr).await.unwrap())
    }

    /// Cuts the connection without a farewell.
    pub(crate) fn reset(self) {
        self.stream.set_zero_linger().unwrap();
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    pub(crate) fn over(stream: S) -> Self {
        let arrived = Vec::new();
        Self { stream, arrived }
    }

    pub(crate) async fn say(&mut self, text: impl AsRef<[u8]>) {
        self.try_say(text).await.unwrap();
    }

    /// Says it to a server that may have closed.
    pub(crate) async fn try_say(&mut self, text: impl AsRef<[u8]>) -> std::io::Result<()> {
        self.stream.write_all(text.as_ref()).await
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.say(format!("GET {path} HTTP/1.1\r\nhost: test\r\n\r\n"))
            .await;
        self.answer().await
    }

    /// One response with a length or with chunks; the connection may go on.
    pub(crate) async fn answer(&mut self) -> Answer {
        loop {
            let answer = parse(&self.arrived);
            if answer.is_whole {
                self.arrived.clear();
                return answer;
            }
            assert!(self.read_more().await, "closed after {answer:?}");
        }
    }

    /// Waits until these bytes have come.
    pub(crate) async fn hear(&mut self, text: &str) {
        let wanted = text.as_bytes();
        while !self
            .arrived
            .windows(wanted.len())
            .any(|seen| seen == wanted)
        {
            assert!(self.read_more().await, "closed before {text}");
        }
    }

    /// Everything until the server closes.
    pub(crate) async fn rest(&mut self) -> Answer {
        while self.read_more().await {}
        parse(&self.arrived)
    }

    /// Reads this much and throws it away; false at the end.
    pub(crate) async fn sip(&mut self, bytes: usize) -> bool {
        let mut sip = vec![0; bytes];
        let read = self.stream.read_exact(&mut sip);
        in_time("a sip", read).await.is_ok()
    }

    /// Ends the sending half.
    pub(crate) async fn finish(&mut self) {
        self.stream.shutdown().await.unwrap();
    }

    async fn read_more(&mut self) -> bool {
        let read = self.stream.read_buf(&mut self.arrived);
        in_time("a byte, or the end", read)
            .await
            .is_ok_and(|bytes| bytes > 0)
    }
}

fn parse(bytes: &[u8]) -> Answer {
    let text = String::from_utf8_lossy(bytes);
    let Some((head, _)) = text.split_once("\r\n\r\n") else {
        return Answer::default();
    };
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1));
    let headers: HeaderMap = lines.map(header).collect();
    let body = &bytes[head.len() + 4..];
    let (body, is_whole) = if headers.contains_key("transfer-encoding") {
        unchunked(body)
    } else {
        let length = headers.get("content-length");
        let length = length.map_or(0, |length| length.to_str().unwrap().parse().unwrap());
        (body.to_vec(), body.len() >= length)
    };
    Answer {
        status: status.unwrap().parse().unwrap(),
        headers,
        body,
        is_whole,
    }
}

fn header(line: &str) -> (HeaderName, HeaderValue) {
    let (name, value) = line.split_once(": ").unwrap();
    (name.parse().unwrap(), value.parse().unwrap())
}

fn unchunked(mut bytes: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    while let Some(end) = bytes.windows(2).position(|pair| pair == b"\r\n") {
        let size = str::from_utf8(&bytes[..end]).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        if size == 0 {
            return (body, true);
        }
        let Some(chunk) = bytes.get(end + 2..end + 2 + size) else {
            break;
        };
        body.extend_from_slice(chunk);
        bytes = bytes.get(end + 4 + size..).unwrap_or_default();
    }
    (body, false)
}
