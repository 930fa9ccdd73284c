use std::net::SocketAddr;

use futures_util::stream;
use http::uri::PathAndQuery;
use hyper_util::{
    client::legacy::{self, connect::HttpConnector},
    rt::TokioExecutor,
};
use tonic::{Request, Status, body::Body, metadata::MetadataMap};
use tonic_prost::ProstCodec;

use super::{Ask, Said};

/// The kinds of calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Unary,
    Upload,
    Download,
    Chat,
}

impl Kind {
    pub(crate) const ALL: [Self; 4] = [Self::Unary, Self::Upload, Self::Download, Self::Chat];

    /// Whether its answer is a stream.
    pub(crate) const fn streams(self) -> bool {
        matches!(self, Self::Download | Self::Chat)
    }

    fn path(self) -> PathAndQuery {
        format!("/probe.v1.Probe/{self:?}").parse().unwrap()
    }
}

/// tonic's client on a connection of hyper's: tonic's own would enforce deadlines itself.
#[derive(Debug, Clone)]
pub(crate) struct Client(pub(crate) tonic::client::Grpc<legacy::Client<HttpConnector, Body>>);

impl Client {
    pub(crate) fn of(addr: SocketAddr) -> Self {
        let mut hyper = legacy::Client::builder(TokioExecutor::new());
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let hyper = hyper.http2_only(true).build(connector);
        let origin = format!("http://{addr}").parse().unwrap();
        Self(tonic::client::Grpc::with_origin(hyper, origin))
    }

    /// Calls, and reads to the end: how many messages came, and what was said in the head.
    pub(crate) async fn call(
        &self,
        kind: Kind,
        request: Request<Ask>,
    ) -> Result<(Vec<String>, MetadataMap), Status> {
        let mut grpc = self.0.clone();
        grpc.ready().await.unwrap();
        let (path, codec) = (kind.path(), ProstCodec::<Ask, Said>::default());
        let streamed = |request: Request<Ask>| request.map(|ask| stream::iter([ask]));
        let response = match kind {
            Kind::Unary => {
                let response = grpc.unary(request, path, codec).await?;
                return Ok((
                    vec![response.get_ref().text.clone()],
                    response.metadata().clone(),
                ));
            }
            Kind::Upload => {
                let response = grpc
                    .client_streaming(streamed(request), path, codec)
                    .await?;
                return Ok((
                    vec![response.get_ref().text.clone()],
                    response.metadata().clone(),
                ));
            }
            Kind::Download => grpc.server_streaming(request, path, codec).await?,
            Kind::Chat => grpc.streaming(streamed(request), path, codec).await?,
        };
        let metadata = response.metadata().clone();
        let (mut texts, mut messages) = (Vec::new(), response.into_inner());
        while let Some(message) = messages.message().await? {
            texts.push(message.text);
        }
        Ok((texts, metadata))
    }

    pub(crate) async fn ask(&self, kind: Kind, end: &str) -> Result<Vec<String>, Status> {
        self.call(kind, ask(end)).await.map(|(texts, _)| texts)
    }

    /// A call of a method that may not exist.
    pub(crate) async fn unary_at(&self, path: &str) -> Result<Said, Status> {
        let mut grpc = self.0.clone();
        grpc.ready().await.unwrap();
        let codec = ProstCodec::<Ask, Said>::default();
        let response = grpc.unary(ask("ok"), path.parse().unwrap(), codec).await;
        response.map(tonic::Response::into_inner)
    }
}

/// A request with these `metadata` lines.
pub(crate) fn ask(end: &str) -> Request<Ask> {
    Request::new(Ask {
        end: end.to_owned(),
    })
}
