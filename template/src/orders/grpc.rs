//! The same orders, called by gRPC.

use std::{collections::HashSet, pin::Pin, time::Duration};

use belvedere::grpc::{Services, caller, status, valid};
use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use prost_types::Timestamp;
use tonic::{Request, Response, Status};

use self::pb::order_service_server::{OrderService, OrderServiceServer};
use super::{NewOrder, Order, OrderError, process::process_order, store};
use crate::{
    metrics::{self, Endpoint},
    state::AppState,
};

/// What `proto/orders.proto` says.
pub mod pb {
    tonic::include_proto!("orders.v1");
    pub const DESCRIPTORS: &[u8] = tonic::include_file_descriptor_set!("descriptors");
}

/// How often a watcher looks for new orders.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Everything that is called by gRPC.
pub fn services(state: AppState) -> Services {
    Services::new(pb::DESCRIPTORS).service(OrderServiceServer::new(Orders { state }))
}

#[derive(Debug, Clone)]
struct Orders {
    state: AppState,
}

#[tonic::async_trait]
impl OrderService for Orders {
    type WatchOrdersStream = Pin<Box<dyn Stream<Item = Result<pb::Order, Status>> + Send>>;

    async fn place_order(
        &self,
        request: Request<pb::PlaceOrderRequest>,
    ) -> Result<Response<pb::Order>, Status> {
        let caller = caller()?;
        let new = valid(NewOrder::from(request.into_inner()))?;
        metrics::api_calls_total(&caller.tenant_id, Endpoint::PlaceOrder).increment(1);
        let order = process_order(&self.state, &caller, new).await?;
        Ok(Response::new(order.into()))
    }

    async fn get_order(
        &self,
        request: Request<pb::GetOrderRequest>,
    ) -> Result<Response<pb::Order>, Status> {
        let caller = caller()?;
        metrics::api_calls_total(&caller.tenant_id, Endpoint::ReadOrder).increment(1);
        let id = request.into_inner().id;
        let order = store::read(&self.state, &caller.tenant_id, &id).await?;
        Ok(Response::new(order.into()))
    }

    async fn watch_orders(
        &self,
        _: Request<pb::WatchOrdersRequest>,
    ) -> Result<Response<Self::WatchOrdersStream>, Status> {
        let caller = caller()?;
        metrics::api_calls_total(&caller.tenant_id, Endpoint::WatchOrders).increment(1);
        let watch = Watch {
            state: self.state.clone(),
            tenant_id: caller.tenant_id.to_string(),
            told: HashSet::new(),
        };
        // It would hold up the end of the service.
        let shutdown = self.state.shutdown.clone();
        let orders = stream::try_unfold(watch, Watch::next)
            .map_ok(|new| stream::iter(new.into_iter().map(|order| Ok(order.into()))))
            .try_flatten()
            .take_until(async move { shutdown.stopping().await });
        Ok(Response::new(Box::pin(orders)))
    }
}

/// Looks into the database, where orders of all replicas are. An id is older than its order's commit, by as long as the payment
/// took: so it looks back half a minute each time, and remembers what it has told.
struct Watch {
    state: AppState,
    tenant_id: String,
    told: HashSet<String>,
}

impl Watch {
    async fn next(mut self) -> Result<Option<(Vec<Order>, Self)>, OrderError> {
        loop {
            let mut recent = store::recent(&self.state.database, &self.tenant_id).await?;
            let ids = recent.iter().map(|order| order.id.clone()).collect();
            let told = std::mem::replace(&mut self.told, ids);
            recent.retain(|order| !told.contains(&order.id));
            if !recent.is_empty() {
                return Ok(Some((recent, self)));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

impl From<OrderError> for Status {
    fn from(error: OrderError) -> Self {
        status(error)
    }
}

impl From<pb::PlaceOrderRequest> for NewOrder {
    fn from(request: pb::PlaceOrderRequest) -> Self {
        Self {
            product: request.product,
            quantity: request.quantity,
        }
    }
}

impl From<Order> for pb::Order {
    fn from(order: Order) -> Self {
        Self {
            id: order.id,
            product: order.product,
            quantity: order.quantity,
            total_cents: order.total_cents,
            created_at: Some(Timestamp {
                seconds: order.created_at.unix_timestamp(),
                nanos: order.created_at.nanosecond().cast_signed(),
            }),
        }
    }
}
