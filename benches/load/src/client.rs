//! One kept connection that knows just enough HTTP to find the end of an answer.

use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::Failure;
use crate::turns::Turns;

/// Larger than any answer of the routes under test.
const BUFFER: usize = 16 * 1024;

/// A connection.
#[derive(Debug)]
pub(crate) struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> Result<Self, Failure> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: vec![0; BUFFER],
        })
    }

    /// Sends as many requests as it gets turns; returns how long each took.
    pub(crate) async fn send(
        mut self,
        turns: Rc<Turns>,
        texts: Rc<[Vec<u8>]>,
    ) -> Result<Vec<Duration>, Failure> {
        let mut latencies = Vec::new();
        while let Some(turn) = turns.take().await {
            let text = &texts[turn.number % texts.len()];
            self.stream.write_all(text).await?;
            self.read_answer().await?;
            latencies.push(turn.since.elapsed());
        }
        Ok(latencies)
    }

    async fn read_answer(&mut self) -> Result<(), Failure> {
        let mut filled = 0;
        loop {
            let read = self.stream.read(&mut self.buffer[filled..]).await?;
            if read == 0 {
                return Err("the server closed the connection".into());
            }
            filled += read;
            if is_complete(&self.buffer[..filled])? {
                return Ok(());
            }
        }
    }
}

/// Whether a whole 200 with a content-length is there; anything else is an error.
fn is_complete(answer: &[u8]) -> Result<bool, Failure> {
    let Some(end) = answer.windows(4).position(|at| at == b"\r\n\r\n") else {
        return Ok(false);
    };
    let head = std::str::from_utf8(&answer[..end])?;
    if !head.starts_with("HTTP/1.1 200 ") {
        let status = head.lines().next().unwrap_or_default();
        return Err(format!("not a 200: {status}").into());
    }
    let length = content_length(head).ok_or("an answer without content-length")?;
    Ok(answer.len() >= end + 4 + length)
}

fn content_length(head: &str) -> Option<usize> {
    let mut headers = head.lines().filter_map(|line| line.split_once(':'));
    let (_, value) = headers.find(|(name, _)| name.eq_ignore_ascii_case("content-length"))?;
    value.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::is_complete;

    #[test]
    fn an_answer_ends_where_its_length_says() {
        let whole = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
        assert!(is_complete(whole).is_ok_and(|complete| complete));
        assert!(is_complete(&whole[..whole.len() - 1]).is_ok_and(|complete| !complete));
        assert!(is_complete(&whole[..10]).is_ok_and(|complete| !complete));
    }

    #[test]
    fn a_failed_request_ends_the_run() {
        assert!(is_complete(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n").is_err());
        assert!(is_complete(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }
}
