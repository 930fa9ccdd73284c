use std::time::Duration;

use bytes::{Buf, BufMut, Bytes};
use http::uri::PathAndQuery;
use tonic::{
    Code, Extensions, Request, Status,
    client::Grpc,
    codec::{Codec, CompressionEncoding, DecodeBuf, Decoder, EncodeBuf, Encoder},
    metadata::MetadataMap,
    transport::{Certificate, Channel, ClientTlsConfig, Endpoint},
};

use super::{
    Target,
    retry::RetryInfo,
    transport::{CONNECT_TIMEOUT, MAX_ANSWER, Partial, SendError, TransportError, partial},
};

/// OTLP/gRPC.
#[derive(Debug)]
pub(crate) struct GrpcTransport {
    client: Grpc<Channel>,
    path: PathAndQuery,
    metadata: MetadataMap,
    timeout: Duration,
}

impl GrpcTransport {
    pub(super) fn new(target: &Target) -> Result<Self, TransportError> {
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

    pub(super) async fn send(&self, request: Bytes) -> Result<Partial, SendError> {
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
        let answer = answer.map_err(|_| SendError::again("no answer in time".to_owned()))?;
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

/// What may be sent again, and when, by the OTLP specification ("Failures" and "Throttling" of OTLP/gRPC).
fn from_status(status: &Status) -> SendError {
    let why = format!("{:?}: {}", status.code(), status.message());
    let info = RetryInfo::of(status.details());
    let may_pass = match status.code() {
        Code::Cancelled
        | Code::DeadlineExceeded
        | Code::Aborted
        | Code::OutOfRange
        | Code::Unavailable
        | Code::DataLoss => true,
        // A quota that is used up, unless the back end says that it is only busy.
        Code::ResourceExhausted => info.is_some(),
        _ => false,
    };
    if !may_pass {
        return SendError::Refused(why);
    }
    let after = info.and_then(|info| info.delay());
    SendError::Again { why, after }
}

/// The request is encoded already, and of the answer only the partial success is read.
#[derive(Debug, Clone, Copy)]
struct Plain;

impl Codec for Plain {
    type Encode = Bytes;
    type Decode = Partial;
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
    type Item = Partial;
    type Error = Status;

    fn decode(&mut self, answer: &mut DecodeBuf<'_>) -> Result<Option<Partial>, Status> {
        let bytes = answer.copy_to_bytes(answer.remaining());
        Ok(Some(partial(&bytes)))
    }
}
