//! Calls by gRPC, as `proto/orders.proto` of a generated service has them.

use std::net::SocketAddr;

use anyhow::Result;
use tokio::runtime::{Builder, Runtime};
use tonic::client::Grpc;
use tonic::codec::Streaming;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request};
use tonic_prost::ProstCodec;

/// What is ordered; and with nothing in it, who watches.
#[derive(Clone, PartialEq, prost::Message)]
struct Wish {
    #[prost(string, tag = "1")]
    product: String,
    #[prost(int64, tag = "2")]
    quantity: i64,
}

/// What is told of an order.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Order {
    #[prost(string, tag = "1")]
    id: String,
}

/// One connection, which stays open.
#[derive(Debug)]
pub(crate) struct Caller {
    runtime: Runtime,
    grpc: Grpc<Channel>,
}

impl Caller {
    pub(crate) fn connect(address: SocketAddr) -> Result<Self> {
        let mut runtime = Builder::new_multi_thread();
        let runtime = runtime.worker_threads(1).enable_all().build()?;
        let endpoint = Endpoint::try_from(format!("http://{address}"))?;
        let channel = runtime.block_on(endpoint.connect())?;
        let grpc = Grpc::new(channel);
        Ok(Self { runtime, grpc })
    }

    /// The status of an order of so many.
    pub(crate) fn place_order(&mut self, quantity: i64) -> Result<Code> {
        let product = "espresso".to_owned();
        let request = as_acme(Wish { product, quantity })?;
        let path = "/orders.v1.OrderService/PlaceOrder".parse()?;
        self.runtime.block_on(async {
            self.grpc.ready().await?;
            let codec = ProstCodec::<Wish, Order>::default();
            let placed = self.grpc.unary(request, path, codec).await;
            Ok(placed.map_or_else(|status| status.code(), |_| Code::Ok))
        })
    }

    /// A call that is open until the answer is dropped.
    pub(crate) fn watch_orders(&mut self) -> Result<Streaming<Order>> {
        let request = as_acme(Wish::default())?;
        let path = "/orders.v1.OrderService/WatchOrders".parse()?;
        self.runtime.block_on(async {
            self.grpc.ready().await?;
            let codec = ProstCodec::<Wish, Order>::default();
            let watched = self.grpc.server_streaming(request, path, codec).await?;
            Ok(watched.into_inner())
        })
    }
}

fn as_acme(wish: Wish) -> Result<Request<Wish>> {
    let mut request = Request::new(wish);
    let metadata = request.metadata_mut();
    metadata.insert("x-tenant-id", "acme".parse()?);
    Ok(request)
}
