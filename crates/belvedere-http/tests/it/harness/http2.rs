use std::{convert::Infallible, net::SocketAddr};

use bytes::Bytes;
use futures_util::{FutureExt, Stream, StreamExt, future::join_all};
use http::Request;
use http_body::Frame;
use http_body_util::{BodyExt, Empty, StreamBody, combinators::UnsyncBoxBody};
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    task::{AbortHandle, JoinHandle},
};

use super::{Answer, in_time};

type Body = UnsyncBoxBody<Bytes, std::io::Error>;

/// An HTTP/2 connection.
pub(crate) struct Http2 {
    sender: SendRequest<Body>,
    connection: JoinHandle<Option<()>>,
}

impl Http2 {
    pub(crate) async fn open(addr: SocketAddr) -> Self {
        Self::over(TcpStream::connect(addr).await.unwrap()).await
    }

    pub(crate) async fn over<S>(stream: S) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (sender, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
        let connection = belvedere_core::spawn(async { connection.await.unwrap_or_default() });
        Self { sender, connection }
    }

    /// Aborting it cuts the connection.
    pub(crate) fn connection(&self) -> AbortHandle {
        self.connection.abort_handle()
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.call(request("GET", path)).await
    }

    /// As much of the answer as came before its stream was reset.
    pub(crate) async fn call(&mut self, request: Request<Body>) -> Answer {
        let sent = self.sender.send_request(request);
        let Ok(response) = in_time("an answer", sent).await else {
            return Answer::default();
        };
        let (head, body) = response.into_parts();
        let collected = in_time("its body", body.collect()).await;
        Answer {
            status: head.status.as_u16(),
            headers: head.headers,
            is_whole: collected.is_ok(),
            body: collected.map_or_else(|_| Vec::new(), |body| body.to_bytes().to_vec()),
        }
    }

    /// Sends requests; resolves when each has ended, well or not.
    pub(crate) fn send(&mut self, paths: &[&str]) -> impl Future<Output = ()> + use<> {
        let answers = paths.iter().map(|path| {
            let sent = self.sender.send_request(request("GET", path));
            async { sent.await?.into_body().collect().await }
        });
        in_time("the ends of all streams", join_all(answers).map(drop))
    }

    /// Sends requests and gives each up as soon as `are_there`.
    pub(crate) async fn give_up(&mut self, paths: &[&str], are_there: impl Future<Output = ()>) {
        tokio::select! {
            () = self.send(paths) => panic!("answered before they were given up"),
            () = are_there => {}
        }
    }

    /// Sends requests and cuts the connection as soon as `are_there`.
    pub(crate) async fn cut(mut self, paths: &[&str], are_there: impl Future<Output = ()>) {
        let connection = self.connection();
        let cut = async {
            are_there.await;
            connection.abort();
        };
        self.give_up(paths, cut).await;
    }

    /// Sends a body that breaks off.
    pub(crate) async fn break_off(
        &mut self,
        path: &str,
        chunks: impl Stream<Item = Bytes> + Send + 'static,
    ) {
        let end = futures_util::stream::iter([Err(std::io::Error::other("gone"))]);
        let frames = chunks.map(|chunk| Ok(Frame::data(chunk))).chain(end);
        let request = Request::post(path).body(StreamBody::new(frames).boxed_unsync());
        // Reset, or answered by then: both are an end.
        let _ = in_time("an end", self.sender.send_request(request.unwrap())).await;
    }

    /// Whether the server has closed it.
    pub(crate) async fn closed(self) {
        in_time("the end of the connection", self.connection)
            .await
            .unwrap();
    }
}

pub(crate) fn request(method: &str, path: &str) -> Request<Body> {
    let body = Empty::new().map_err(|never: Infallible| match never {});
    let request = Request::builder().method(method);
    request.uri(path).body(body.boxed_unsync()).unwrap()
}
