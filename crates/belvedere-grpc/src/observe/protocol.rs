use std::sync::Arc;

use axum::body::Body;
use belvedere_http::observe::{Observe, Protocol};
use http::Request;

use super::{Call, RpcConventions};
use crate::methods::Methods;

/// Tells gRPC calls: [`Observe::layer_of`]. Made by [`Services`](crate::Services), which knows the methods.
#[derive(Debug, Clone)]
pub struct Grpc {
    methods: Arc<Methods>,
    conventions: RpcConventions,
}

impl Grpc {
    pub(crate) fn new(methods: Methods) -> Self {
        Self {
            methods: Arc::new(methods),
            conventions: RpcConventions::default(),
        }
    }

    /// Names attributes of spans so.
    #[must_use]
    pub fn conventions(self, conventions: RpcConventions) -> Self {
        Self {
            conventions,
            ..self
        }
    }
}

impl Protocol for Grpc {
    type Record = Call;

    fn begin(&self, observe: &Observe, request: &mut Request<Body>) -> Call {
        let series = self.methods.at(request.uri().path());
        Call::begin(observe, series, self.conventions, request)
    }
}
