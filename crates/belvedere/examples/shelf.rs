//! A service that is called by gRPC and looks into a database, and calls another one like it: for trying what two of them make
//! of one request.
//!
//! `cargo run --features grpc,sqlite --example shelf`, and one before it at other addresses with
//! `NEXT__URL=http://127.0.0.1:50051`. What `tonic` would generate is written by hand here; docs/GRPC.md shows the usual way.

use std::{
    convert::Infallible,
    process::ExitCode,
    task::{Context, Poll},
};

use axum::{Router, extract::State, routing::get};
use belvedere::{
    AsFailure, Boot, BootError, BoxFuture, Failure, Problem, Stopped, UpstreamConfig, about,
    grpc::{Channel, Services, status},
    settings,
    sql::{self, Db},
};
use futures_util::{StreamExt, stream, stream::BoxStream};
use prost::Message;
use prost_types::{
    FileDescriptorProto, FileDescriptorSet, MethodDescriptorProto, ServiceDescriptorProto,
};
use sqlx::Sqlite;
use tonic::{Request, Response, Status, body::Body, server::NamedService};
use tonic_prost::ProstCodec;
use tower::service_fn;
use tower_service::Service;

settings! {
    /// What a shelf needs to know.
    struct Settings {
        /// Who is asked by `/found`; without a URL nobody is.
        next: UpstreamConfig = UpstreamConfig::default(),
    }
}

/// Asking twice is as good as once.
const FIND: &str = "shelf.v1.Shelf/Find";

/// What is looked for.
#[derive(Clone, PartialEq, prost::Message)]
struct Wanted {
    #[prost(int64, tag = "1")]
    number: i64,
}

/// Where it is.
#[derive(Clone, PartialEq, prost::Message)]
struct Found {
    #[prost(int64, tag = "1")]
    place: i64,
}

#[derive(Debug, thiserror::Error)]
enum ShelfError {
    #[error("there is nothing below zero")]
    NoSuchPlace,
    #[error("the shelf cannot be read")]
    Store(#[from] sqlx::Error),
    #[error("the next shelf does not answer")]
    Next(#[from] Status),
}

impl AsFailure for ShelfError {
    fn as_failure(&self) -> Failure {
        match self {
            Self::NoSuchPlace => Failure::new(404, "no_such_place").detail(self.to_string()),
            Self::Store(error) => sql::failure(error),
            Self::Next(_) => Failure::new(503, "next_unavailable"),
        }
    }
}

impl From<ShelfError> for Status {
    fn from(error: ShelfError) -> Self {
        status(error)
    }
}

fn main() -> ExitCode {
    belvedere::main(about!(), compose)
}

async fn compose(boot: Boot<Settings>) -> Result<Stopped, BootError> {
    let config = boot.config();
    let patience = config.startup.timeout_seconds.duration();
    let database = Db::<Sqlite>::connect(&config.database, patience).await?;
    let next = &config.app.next;
    let next = match next.url {
        Some(_) => Some(boot.channel("next", next)?.idempotent([FIND])),
        None => None,
    };
    let routes = Router::new().route("/found", get(found)).with_state(next);
    boot.service()
        .open_routes(routes)
        .grpc(Services::new(descriptors()).service(Shelf(database)))
        .run()
        .await
}

async fn found(State(next): State<Option<Channel>>) -> Result<String, Problem> {
    let Some(next) = next else {
        return Ok("nobody was asked".to_owned());
    };
    let found = ask(next).await.map_err(ShelfError::Next)?;
    Ok(found.place.to_string())
}

async fn ask(next: Channel) -> Result<Found, Status> {
    let mut client = tonic::client::Grpc::new(next);
    client.ready().await?;
    let mut wanted = Request::new(Wanted { number: 7 });
    wanted
        .metadata_mut()
        .insert("x-tenant-id", "acme".parse().expect("it is ASCII"));
    let path = format!("/{FIND}").parse().expect("it is a path");
    let codec = ProstCodec::<Wanted, Found>::default();
    Ok(client.unary(wanted, path, codec).await?.into_inner())
}

#[derive(Debug, Clone)]
struct Shelf(Db<Sqlite>);

impl Shelf {
    async fn find(&self, wanted: Wanted) -> Result<Found, ShelfError> {
        if wanted.number < 0 {
            return Err(ShelfError::NoSuchPlace);
        }
        let place = sqlx::query_scalar("SELECT $1 + 1");
        let place = place.bind(wanted.number).fetch_one(&self.0).await?;
        Ok(Found { place })
    }
}

impl NamedService for Shelf {
    const NAME: &'static str = "shelf.v1.Shelf";
}

impl Service<http::Request<Body>> for Shelf {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let shelf = self.clone();
        Box::pin(async move {
            let mut grpc = tonic::server::Grpc::new(ProstCodec::<Found, Wanted>::default());
            let find = |wanted: Request<Wanted>| {
                let shelf = shelf.clone();
                async move { Ok(Response::new(shelf.find(wanted.into_inner()).await?)) }
            };
            Ok(match request.uri().path() {
                "/shelf.v1.Shelf/Find" => grpc.unary(service_fn(find), request).await,
                "/shelf.v1.Shelf/Watch" => grpc.server_streaming(service_fn(watch), request).await,
                _ => Status::unimplemented("").into_http(),
            })
        })
    }
}

/// One answer, and then nothing for as long as somebody waits.
async fn watch(
    wanted: Request<Wanted>,
) -> Result<Response<BoxStream<'static, Result<Found, Status>>>, Status> {
    let place = wanted.into_inner().number;
    let found = stream::iter([Ok(Found { place })]).chain(stream::pending());
    Ok(Response::new(found.boxed()))
}

fn descriptors() -> &'static [u8] {
    let method = |name: &str| MethodDescriptorProto {
        name: Some(name.to_owned()),
        ..MethodDescriptorProto::default()
    };
    let shelf = ServiceDescriptorProto {
        name: Some("Shelf".to_owned()),
        method: ["Find", "Watch"].map(method).into(),
        ..ServiceDescriptorProto::default()
    };
    let file = FileDescriptorProto {
        name: Some("shelf.proto".to_owned()),
        package: Some("shelf.v1".to_owned()),
        service: vec![shelf],
        ..FileDescriptorProto::default()
    };
    FileDescriptorSet { file: vec![file] }
        .encode_to_vec()
        .leak()
}
