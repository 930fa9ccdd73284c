//! One OTLP request to one back end, over gRPC or HTTP.

use std::{io::Write, time::Duration};

use bytes::{Buf, BufMut, Bytes};
use flate2::{Compression, write::GzEncoder};
use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{CONTENT_ENCODING, CONTENT_TYPE},
    uri::PathAndQuery,
};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message;
use tonic::{
    Code, Extensions, Request, Status,
    client::Grpc,
    codec::{Codec, CompressionEncoding, DecodeBuf, Decoder, EncodeBuf, Encoder},
    metadata::MetadataMap,
    transport::{Certificate, Channel, ClientTlsConfig, Endpoint},
};

use super::{
    destination::{Protocol, Target},
    tls,
};

/// A back end that cannot be reached says so quickly, or not at all.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// More of an answer is not read: it is a handful of bytes.
const MAX_ANSWER: usize = 64 * 1024;

/// A request that was not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SendError {
    /// It may be taken later.
    #[error("{0}")]
    Again(String),
    /// It will never be.
    #[error("{0}")]
    Refused(String),
}

/// How many records of a request were not taken.
type Rejected = u64;

/// A client for one back end.
#[derive(Debug)]
pub(crate) enum Transport {
    Grpc(GrpcTransport),
    Http(HttpTransport),
}

/// What is wrong with a target.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TransportError {
    #[error(transparent)]
    Grpc(#[from] tonic::transport::Error),
    #[error(transparent)]
    Http(#[from] reqwest::Error),
    #[error("no http:// or https:// URL")]
    Scheme,
    #[error("certificates")]
    Certificate(#[from] tls::CertificateError),
}

impl Transport {
    /// Connects when something is sent. Needs a runtime.
    pub(crate) fn new(target: &Target) -> Result<Self, TransportError> {
        if !(target.url.starts_with("http://") || target.url.starts_with("https://")) {
            return Err(TransportError::Scheme);
        }
        Ok(match target.protocol {
            Protocol::Grpc => Self::Grpc(GrpcTransport::new(target)?),
            Protocol::Http => Self::Http(HttpTransport::new(target)?),
        })
    }

    /// Sends an encoded `Export…ServiceRequest`.
    pub(crate) async fn send(&self, request: Bytes) -> Result<Rejected, SendError> {
        match self {
            Self::Grpc(grpc) => grpc.send(request).await,
            Self::Http(http) => http.send(request).await,
        }
    }
}

/// OTLP/gRPC.
#[derive(Debug)]
pub(crate) struct GrpcTransport {
    client: Grpc<Channel>,
    path: PathAndQuery,
    metadata: MetadataMap,
    timeout: Duration,
}

impl GrpcTransport {
    fn new(target: &Target) -> Result<Self, TransportError> {
        let endpoint = Endpoint::from_shared(target.url.clone())?.connect_timeout(CONNECT_TIMEOUT);
        let endpoint = if target.url.starts_with("https://") {
            endpoint.tls_config(grpc_tls(target))?
        } else {
            endpoint
        };
        let client = Grpc::new(endpoint.connect_lazy()).max_decoding_message_size(MAX_ANSWER);
        Ok(Self {
            client: if target.gzip {
                client.send_compressed(CompressionEncoding::Gzip)
            } else {
                client
            },
            path: PathAndQuery::from_static(target.signal.grpc_path()),
            metadata: MetadataMap::from_headers(target.headers.clone()),
            timeout: target.timeout,
        })
    }

    async fn send(&self, request: Bytes) -> Result<Rejected, SendError> {
        let mut client = self.client.clone();
        let mut request =
            Request::from_parts(self.metadata.clone(), Extensions::default(), request);
        request.set_timeout(self.timeout);
        let call = async {
            client
                .ready()
                .await
                .map_err(|error| Status::from_error(error.into()))?;
            client.unary(request, self.path.clone(), Plain).await
        };
        let answer = tokio::time::timeout(self.timeout, call).await;
        let answer = answer.map_err(|_| SendError::Again("no answer in time".to_owned()))?;
        answer
            .map(|answer| answer.into_inner())
            .map_err(|status| from_status(&status))
    }
}

fn grpc_tls(target: &Target) -> ClientTlsConfig {
    let config = ClientTlsConfig::new().with_enabled_roots();
    match &target.certificate {
        Some(pem) => config.ca_certificate(Certificate::from_pem(pem)),
        None => config,
    }
}

/// What may be sent again, by the OTLP specification ("Failures" of OTLP/gRPC).
fn from_status(status: &Status) -> SendError {
    let text = format!("{:?}: {}", status.code(), status.message());
    match status.code() {
        Code::Cancelled
        | Code::DeadlineExceeded
        | Code::Aborted
        | Code::OutOfRange
        | Code::Unavailable
        | Code::DataLoss
        | Code::ResourceExhausted => SendError::Again(text),
        _ => SendError::Refused(text),
    }
}

/// The request is encoded already, and of the answer only one number is read.
#[derive(Debug, Clone, Copy)]
struct Plain;

impl Codec for Plain {
    type Encode = Bytes;
    type Decode = Rejected;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for Plain {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, request: Bytes, out: &mut EncodeBuf<'_>) -> Result<(), Status> {
        out.put(request);
        Ok(())
    }
}

impl Decoder for Plain {
    type Item = Rejected;
    type Error = Status;

    fn decode(&mut self, answer: &mut DecodeBuf<'_>) -> Result<Option<Rejected>, Status> {
        let bytes = answer.copy_to_bytes(answer.remaining());
        Ok(Some(rejected(&bytes)))
    }
}

/// The partial success of an answer. It has the same shape for every signal; what is no answer rejects nothing.
fn rejected(answer: &[u8]) -> Rejected {
    let answer = ExportTraceServiceResponse::decode(answer).unwrap_or_default();
    let partial = answer.partial_success.unwrap_or_default();
    u64::try_from(partial.rejected_spans).unwrap_or(0)
}

/// OTLP/HTTP with protobuf.
#[derive(Debug)]
pub(crate) struct HttpTransport {
    client: reqwest::Client,
    url: String,
    headers: HeaderMap,
    gzip: bool,
}

impl HttpTransport {
    fn new(target: &Target) -> Result<Self, TransportError> {
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls::client(target.certificate.as_deref())?)
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(target.timeout)
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        // Told now, not at the first span.
        client.post(&target.url).build()?;
        Ok(Self {
            client,
            url: target.url.clone(),
            headers: headers(target),
            gzip: target.gzip,
        })
    }

    async fn send(&self, request: Bytes) -> Result<Rejected, SendError> {
        let body = if self.gzip { gzip(&request) } else { request };
        let call = self.client.post(&self.url).headers(self.headers.clone());
        let answer = call.body(body).send().await;
        let answer = answer.map_err(|error| SendError::Again(chain(&error.without_url())))?;
        let status = answer.status();
        if !status.is_success() {
            return Err(from_http(status));
        }
        let bytes = answer.bytes().await.unwrap_or_default();
        Ok(rejected(&bytes))
    }
}

fn headers(target: &Target) -> HeaderMap {
    let mut headers = target.headers.clone();
    let protobuf = HeaderValue::from_static("application/x-protobuf");
    headers.insert(CONTENT_TYPE, protobuf);
    if target.gzip {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    headers
}

/// What may be sent again, by the OTLP specification ("Failures" of OTLP/HTTP).
fn from_http(status: StatusCode) -> SendError {
    let text = status.to_string();
    match status.as_u16() {
        429 | 502 | 503 | 504 => SendError::Again(text),
        _ => SendError::Refused(text),
    }
}

fn gzip(bytes: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    // A vector takes everything.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default().into()
}

fn chain(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(below) = source {
        text = format!("{text}: {below}");
        source = below.source();
    }
    text
}
