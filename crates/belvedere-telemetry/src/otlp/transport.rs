//! One OTLP request to one back end, over gRPC or HTTP.

use std::time::Duration;

use belvedere_core::Redactor;
use bytes::Bytes;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message;

use super::{
    destination::{Protocol, Target},
    grpc::GrpcTransport,
    http::HttpTransport,
    tls,
};

/// A back end that cannot be reached says so quickly, or not at all.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// More of an answer is not read: it is a handful of bytes.
pub(super) const MAX_ANSWER: usize = 64 * 1024;
/// What a back end says of a request is told in a log line: these many bytes of it.
const MAX_WORDS: usize = 512;

/// A request that was not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SendError {
    /// It may be taken later.
    #[error("{why}")]
    Again {
        why: String,
        /// When, if the back end says so.
        after: Option<Duration>,
    },
    /// It will never be.
    #[error("{0}")]
    Refused(String),
}

impl SendError {
    /// It may be taken later, and nobody knows when.
    pub(super) const fn again(why: String) -> Self {
        Self::Again { why, after: None }
    }
}

/// What a back end that answers did not take, or objects to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Partial {
    /// Records of the request.
    pub(super) rejected: u64,
    /// In its own words, as they may be shown.
    pub(super) why: String,
}

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
    pub(crate) async fn send(&self, request: Bytes) -> Result<Partial, SendError> {
        match self {
            Self::Grpc(grpc) => grpc.send(request).await,
            Self::Http(http) => http.send(request).await,
        }
    }
}

/// The partial success of an answer. It has the same shape for every signal; what is no answer rejects nothing.
pub(super) fn partial(answer: &[u8]) -> Partial {
    let answer = ExportTraceServiceResponse::decode(answer).unwrap_or_default();
    let partial = answer.partial_success.unwrap_or_default();
    Partial {
        rejected: u64::try_from(partial.rejected_spans).unwrap_or(0),
        why: Redactor::default()
            .show_cut("error", partial.error_message.trim(), MAX_WORDS)
            .into_owned(),
    }
}
