use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use socket2::{SockRef, Socket as Raw};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

use super::activity::Activity;

/// A socket whose stalls are seen by its connection's [`Activity`].
#[derive(Debug)]
pub(super) struct Socket {
    stream: TcpStream,
    activity: Arc<Activity>,
}

impl Socket {
    pub(super) const fn new(stream: TcpStream, activity: Arc<Activity>) -> Self {
        Self { stream, activity }
    }

    fn stream(self: Pin<&mut Self>) -> Pin<&mut TcpStream> {
        Pin::new(&mut self.get_mut().stream)
    }

    /// Sees what became of a write.
    ///
    /// The kernel tells of room only when a third of its buffer is free: minutes, for a slow reader. Whoever asks gets what
    /// there is, so the socket is asked whenever its connection wakes in a stall, which its timer sees to.
    fn wrote(
        &self,
        polled: Poll<io::Result<usize>>,
        again: impl FnOnce(&Raw) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        let stall = self.activity.stall();
        let polled = if polled.is_pending() && stall.refused() {
            or_pending(again(&SockRef::from(&self.stream)))
        } else {
            polled
        };
        if polled.is_ready() {
            stall.accepted();
        }
        polled
    }
}

fn or_pending(written: io::Result<usize>) -> Poll<io::Result<usize>> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Poll::Pending,
        written => Poll::Ready(written),
    }
}

/// What a caller did not take while it was served, it will not take from the kernel either: without this, its bytes and
/// the socket stay for minutes.
impl Drop for Socket {
    fn drop(&mut self) {
        if self.activity.stall().current().is_some() {
            // A socket that refuses this is closed all the same.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        task: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.stream().poll_read(task, buffer)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = self.as_mut().stream().poll_write(task, bytes);
        self.wrote(polled, |socket| socket.send(bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream().poll_flush(task)
    }

    fn poll_shutdown(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream().poll_shutdown(task)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = self.as_mut().stream().poll_write_vectored(task, slices);
        self.wrote(polled, |socket| socket.send_vectored(slices))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
