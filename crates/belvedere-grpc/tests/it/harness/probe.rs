use std::{
    convert::Infallible,
    future::pending,
    sync::atomic::{AtomicU32, Ordering::Relaxed},
    task::{Context, Poll},
    time::Duration,
};

use belvedere_core::{AsFailure, BoxFuture, Failure, RequestContext};
use belvedere_grpc::{Channel, status};
use belvedere_http::{FieldError, Problem, UpstreamConfig};
use bytes::Bytes;
use futures_util::{Stream, StreamExt, TryStreamExt, stream, stream::BoxStream};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use prost::Message;
use prost_types::{
    FileDescriptorProto, FileDescriptorSet, MethodDescriptorProto, MethodOptions,
    ServiceDescriptorProto, method_options::IdempotencyLevel,
};
use tonic::{Request, Response, Status, Streaming, body::Body, server::NamedService};
use tonic_prost::ProstCodec;
use tower::service_fn;
use tower_service::Service;

use super::{Ask, Said};

/// `probe.v1.Probe`: a method of each kind.
#[derive(Debug, Clone)]
pub(crate) struct Probe;

/// A failure with something behind it.
#[derive(Debug, thiserror::Error)]
#[error("the shelf is broken")]
pub(crate) struct Broken(#[source] pub(crate) std::fmt::Error);

impl AsFailure for Broken {
    fn as_failure(&self) -> Failure {
        Failure::new(500, "shelf_broken").detail("nobody is to read this")
    }
}

/// What generated code would have beside it.
pub(crate) fn descriptors() -> &'static [u8] {
    let method = |name: &str| MethodDescriptorProto {
        name: Some(name.to_owned()),
        ..MethodDescriptorProto::default()
    };
    let idempotent = |streams: bool, method: MethodDescriptorProto| MethodDescriptorProto {
        client_streaming: Some(streams),
        options: Some(MethodOptions {
            idempotency_level: Some(IdempotencyLevel::Idempotent.into()),
            ..MethodOptions::default()
        }),
        ..method
    };
    let service = ServiceDescriptorProto {
        name: Some("Probe".to_owned()),
        method: vec![
            idempotent(false, method("Unary")),
            idempotent(true, method("Upload")),
            method("Download"),
            method("Chat"),
        ],
        ..ServiceDescriptorProto::default()
    };
    let file = FileDescriptorProto {
        name: Some("probe.proto".to_owned()),
        package: Some("probe.v1".to_owned()),
        service: vec![service],
        ..FileDescriptorProto::default()
    };
    FileDescriptorSet { file: vec![file] }
        .encode_to_vec()
        .leak()
}

impl NamedService for Probe {
    const NAME: &'static str = "probe.v1.Probe";
}

impl Service<http::Request<Body>> for Probe {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        Box::pin(async move {
            let mut grpc = tonic::server::Grpc::new(ProstCodec::<Said, Ask>::default());
            let without = request.headers().get("without").cloned();
            let answer = match request.uri().path() {
                "/probe.v1.Probe/Unary" => grpc.unary(service_fn(unary), request).await,
                "/probe.v1.Probe/Upload" => {
                    grpc.client_streaming(service_fn(upload), request).await
                }
                "/probe.v1.Probe/Download" => {
                    grpc.server_streaming(service_fn(download), request).await
                }
                "/probe.v1.Probe/Chat" => grpc.streaming(service_fn(chat), request).await,
                _ => Status::unimplemented("").into_http(),
            };
            Ok(match without {
                Some(part) => lacking(answer, part.as_bytes()),
                None => answer,
            })
        })
    }
}

/// An answer as nobody may give it.
fn lacking(answer: http::Response<Body>, part: &[u8]) -> http::Response<Body> {
    match part {
        b"status" => answer.map(|body| Body::new(body.map_frame(without_status))),
        b"trailers" => answer.map(|body| {
            let messages = body.into_data_stream().map_ok(Frame::data);
            Body::new(StreamBody::new(messages))
        }),
        b"body" => answer.map(|_| Body::empty()),
        b"rest" => answer.map(|_| {
            let broken = Err::<Frame<Bytes>, _>(Status::data_loss("it broke"));
            Body::new(StreamBody::new(stream::iter([broken])))
        }),
        // A proxy's, before a service that is away.
        _ => {
            let mut answer = answer.map(|_| Body::new("no healthy upstream".to_owned()));
            *answer.status_mut() = http::StatusCode::SERVICE_UNAVAILABLE;
            answer
        }
    }
}

fn without_status(mut frame: Frame<Bytes>) -> Frame<Bytes> {
    if let Some(trailers) = frame.trailers_mut() {
        trailers.remove(Status::GRPC_STATUS);
    }
    frame
}

type Stated<T> = Result<Response<T>, Status>;
type Answers = BoxStream<'static, Result<Said, Status>>;

async fn unary(request: Request<Ask>) -> Stated<Said> {
    let (metadata, _, Ask { end }) = request.into_parts();
    let heard = |name: &str| {
        let heard = metadata.get(name).map(|heard| heard.to_str().unwrap());
        heard.unwrap_or_default().to_owned()
    };
    if let Some(end) = end.strip_prefix("second:") {
        // The first of two calls finds nobody there.
        return match CALLS.fetch_add(1, Relaxed) % 2 {
            0 => Err(gone(end)),
            _ => Ok(Response::new(said(&heard("grpc-timeout")))),
        };
    }
    if let Some(names) = end.strip_prefix("heard:") {
        let heard: Vec<_> = names.split(',').map(heard).collect();
        return Ok(Response::new(said(&heard.join(" "))));
    }
    if let Some((url, end)) = end
        .strip_prefix("next ")
        .and_then(|next| next.split_once(' '))
    {
        return next(url, end).await;
    }
    match &*end {
        "gone" => Err(gone("0")),
        "wait_first" if CALLS.fetch_add(1, Relaxed) == 0 => pending().await,
        end => once(end).await.map(Response::new),
    }
}

/// What another one answers, after what the handler knows of its caller's baggage.
async fn next(url: &str, end: &str) -> Stated<Said> {
    let config = UpstreamConfig {
        url: Some(url.parse().unwrap()),
        ..UpstreamConfig::default()
    };
    let mut grpc = tonic::client::Grpc::new(Channel::new("next", &config).unwrap());
    grpc.ready().await?;
    let codec = ProstCodec::<Ask, Said>::default();
    let path = "/probe.v1.Probe/Unary".parse().unwrap();
    let answer = grpc.unary(super::ask(end), path, codec).await?.into_inner();
    let plan = RequestContext::with(|context| context.baggage("plan").map(String::from));
    let plan = plan.flatten().unwrap_or_default();
    Ok(Response::new(said(&format!("{plan}|{}", answer.text))))
}

/// How often it was asked by a caller that asks twice.
static CALLS: AtomicU32 = AtomicU32::new(0);

/// Come again in so many milliseconds.
fn gone(millis: &str) -> Status {
    let after = Duration::from_millis(millis.parse().unwrap());
    let problem = Problem::new(http::StatusCode::SERVICE_UNAVAILABLE, "gone");
    status(problem.retry_after(after))
}

async fn upload(request: Request<Streaming<Ask>>) -> Stated<Said> {
    once(&first(request).await?).await.map(Response::new)
}

async fn download(request: Request<Ask>) -> Stated<Answers> {
    many(request.into_inner().end).await.map(Response::new)
}

async fn chat(request: Request<Streaming<Ask>>) -> Stated<Answers> {
    many(first(request).await?).await.map(Response::new)
}

async fn first(request: Request<Streaming<Ask>>) -> Result<String, Status> {
    let asked = request.into_inner().message().await?;
    Ok(asked.unwrap_or_default().end)
}

/// Ends in the head, if it is to end badly.
async fn once(end: &str) -> Result<Said, Status> {
    match end {
        "head" => Err(status(Broken(std::fmt::Error))),
        "raw" => Err(Status::internal("password=hunter2 is wrong")),
        "missing" => Err(status(
            Problem::not_found("order_not_found").detail("no such order"),
        )),
        "invalid" => Err(status(Problem::validation(vec![FieldError {
            field: "quantity".to_owned(),
            message: "is not positive".to_owned(),
        }]))),
        "panic" => panic!("asked to"),
        "wait" => pending().await,
        "who" => Ok(said(&who())),
        text => Ok(said(text)),
    }
}

/// Ends in the stream, if it is to end badly there.
async fn many(end: String) -> Result<Answers, Status> {
    let first = stream::iter([Ok(said("first"))]);
    let rest: Answers = match &*end {
        "trailers" => Box::pin(stream::once(async { Err(status(Broken(std::fmt::Error))) })),
        "panic_later" => Box::pin(stream::once(async { panic!("asked to, later") })),
        "wait_later" => Box::pin(stream::pending()),
        "flood" => Box::pin(flood()),
        end => Box::pin(stream::iter([once(end).await])),
    };
    Ok(Box::pin(first.chain(rest)))
}

fn flood() -> impl Stream<Item = Result<Said, Status>> {
    stream::repeat_with(|| Ok(said(&"x".repeat(1000))))
}

fn said(text: &str) -> Said {
    Said {
        text: text.to_owned(),
    }
}

/// What the handler knows of its request.
fn who() -> String {
    RequestContext::with(|context| {
        let identity = context.identity().cloned();
        let (tenant, user) = identity.map_or_else(Default::default, |identity| {
            (identity.tenant_id, identity.user_id.unwrap_or_default())
        });
        format!(
            "{} {} {tenant} {user}",
            context.trace_id(),
            context.request_id()
        )
    })
    .unwrap_or_default()
}
