//! Answers made smaller for callers who say that they can read it (RFC 9110, section 12.5.3).

use std::{convert::Infallible, future::ready};

use axum::{body::Body, response::Response};
use futures_util::FutureExt;
use http::{HeaderMap, HeaderValue, Request, header::ACCEPT_ENCODING};
use http_body::Body as _;
use tower::service_fn;
use tower_http::{
    CompressionLevel,
    compression::{
        Compression, Predicate,
        predicate::{NotForContentType, SizeAbove},
    },
};
use tower_service::Service;

/// Smallest body that is worth it: a smaller one is one packet anyway.
pub(crate) const MIN_COMPRESSED: u64 = 1024;

/// What a caller says that it can read, while there may be a wish.
#[derive(Debug)]
pub(super) struct Wish(Option<HeaderValue>);

impl Wish {
    pub(super) const NONE: Self = Self(None);

    pub(super) fn of(headers: &HeaderMap, compression: bool) -> Self {
        if !compression {
            return Self::NONE;
        }
        let accepts = headers.get(ACCEPT_ENCODING);
        Self(accepts.filter(|value| names_gzip(value)).cloned())
    }

    /// The answer, compressed where that is wished and gains something.
    pub(super) fn grant(&mut self, answer: Response) -> Response {
        match self.0.take() {
            Some(accept) if !is_small(&answer) => compressed(accept, answer),
            _ => answer,
        }
    }
}

/// In any other encoding nothing is sent. What `q=0` means is left to the one who compresses.
fn names_gzip(value: &HeaderValue) -> bool {
    let mut words = value.as_bytes().split(|byte| !byte.is_ascii_alphanumeric());
    words.any(|word| word.eq_ignore_ascii_case(b"gzip"))
}

fn is_small(answer: &Response) -> bool {
    let size = answer.body().size_hint().exact();
    size.is_some_and(|size| size < MIN_COMPRESSED)
}

/// tower-http's layer, laid around this one answer: around all of them it would give each a body in a box, and a look at
/// headers that nobody has sent.
fn compressed(accept: HeaderValue, answer: Response) -> Response {
    let mut answer = Some(answer);
    let given = service_fn(|_| ready(Ok::<_, Infallible>(answer.take().unwrap_or_default())));
    let mut request = Request::new(());
    request.headers_mut().insert(ACCEPT_ENCODING, accept);
    let mut compression = Compression::new(given)
        .quality(CompressionLevel::Fastest)
        .compress_when(worth_it());
    let compressed = compression.call(request).now_or_never();
    let Ok(compressed) = compressed.expect("what is ready is not waited for");
    compressed.map(Body::new)
}

fn worth_it() -> impl Predicate {
    SizeAbove::new(MIN_COMPRESSED)
        .and(NotForContentType::GRPC)
        .and(NotForContentType::IMAGES)
        .and(NotForContentType::SSE)
}
