//! The method that all sides serve: what `tonic` would generate, written by hand.

use std::{
    convert::Infallible,
    task::{Context, Poll},
};

use belvedere::BoxFuture;
use prost::Message;
use prost_types::{
    FileDescriptorProto, FileDescriptorSet, MethodDescriptorProto, ServiceDescriptorProto,
};
use tonic::{Request, Response, Status, body::Body, server::NamedService};
use tonic_prost::ProstCodec;
use tower::service_fn;
use tower_service::Service;

pub(super) const PATH: &str = "/echo.v1.Echo/Say";

/// What is said, and said again.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Said {
    #[prost(string, tag = "1")]
    pub(super) text: String,
}

#[derive(Debug, Clone)]
pub(super) struct Echo;

impl NamedService for Echo {
    const NAME: &'static str = "echo.v1.Echo";
}

impl Service<http::Request<Body>> for Echo {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        Box::pin(async move {
            let mut grpc = tonic::server::Grpc::new(ProstCodec::<Said, Said>::default());
            let say =
                |said: Request<Said>| async { Ok::<_, Status>(Response::new(said.into_inner())) };
            Ok(match request.uri().path() {
                PATH => grpc.unary(service_fn(say), request).await,
                _ => Status::unimplemented("").into_http(),
            })
        })
    }
}

pub(super) fn descriptors() -> &'static [u8] {
    let method = MethodDescriptorProto {
        name: Some("Say".to_owned()),
        ..MethodDescriptorProto::default()
    };
    let service = ServiceDescriptorProto {
        name: Some("Echo".to_owned()),
        method: vec![method],
        ..ServiceDescriptorProto::default()
    };
    let file = FileDescriptorProto {
        name: Some("echo.proto".to_owned()),
        package: Some("echo.v1".to_owned()),
        service: vec![service],
        ..FileDescriptorProto::default()
    };
    FileDescriptorSet { file: vec![file] }
        .encode_to_vec()
        .leak()
}
