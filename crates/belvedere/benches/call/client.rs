use std::net::SocketAddr;

use futures_util::future::join_all;
use tonic::{Request, transport};
use tonic_prost::ProstCodec;

use super::{
    SETTLED,
    echo::{PATH, Said},
};

/// Calls that are open at a time, all on one connection.
const AT_ONCE: usize = 8;

/// tonic's own, for every side alike.
#[derive(Debug, Clone)]
pub(super) struct Client(tonic::client::Grpc<transport::Channel>);

impl Client {
    pub(super) async fn of(addr: SocketAddr) -> Self {
        let endpoint = transport::Endpoint::try_from(format!("http://{addr}"));
        let channel = endpoint.expect("it is a URL").connect().await;
        Self(tonic::client::Grpc::new(channel.expect("it listens")))
    }

    pub(super) async fn calls(&self, calls: usize) {
        let work = (0..AT_ONCE).map(|_| async {
            for _ in 0..calls.div_ceil(AT_ONCE) {
                self.call().await;
            }
        });
        join_all(work).await;
    }

    /// A server waits for the end of its connections before its own: what drops it next must not wait for us.
    pub(super) async fn leave(self) {
        drop(self);
        tokio::time::sleep(SETTLED).await;
    }

    async fn call(&self) {
        let mut grpc = self.0.clone();
        grpc.ready().await.expect("it is there");
        let text = "hello".to_owned();
        let mut request = Request::new(Said { text: text.clone() });
        let tenant = "acme".parse().expect("it is ASCII");
        request.metadata_mut().insert("x-tenant-id", tenant);
        let path = PATH.parse().expect("it is a path");
        let codec = ProstCodec::<Said, Said>::default();
        let said = grpc.unary(request, path, codec).await;
        assert_eq!(said.expect("it answers").into_inner().text, text);
    }
}
