use std::io;

use async_compression::tokio::bufread::{GzipDecoder, ZlibDecoder};
use axum::body::Body;
use futures_util::TryStreamExt;
use http::{HeaderMap, HeaderValue, header::CONTENT_ENCODING};
use tokio::io::AsyncRead;
use tokio_util::io::{ReaderStream, StreamReader};

/// What a decoder may make at once: the limit of a body is passed by no more than this.
const DECODED_CHUNK: usize = 16 * 1024;

/// What bodies may be encoded by, as `accept-encoding` tells it (RFC 9110, section 15.5.16).
pub(super) const ACCEPTED: HeaderValue = HeaderValue::from_static("gzip, deflate");

/// What a body is encoded by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Identity,
    Gzip,
    /// In the zlib format (RFC 9110, section 8.4.1.2).
    Deflate,
}

impl Encoding {
    /// `None` when there is no decoder for it.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(CONTENT_ENCODING).iter();
        let Some(value) = values.next() else {
            return Some(Self::Identity);
        };
        // One that was encoded twice is decoded to twice as much by each: nobody has to.
        match values.next() {
            None => Self::named(value.as_bytes().trim_ascii()),
            Some(_) => None,
        }
    }

    fn named(name: &[u8]) -> Option<Self> {
        let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
        if is("gzip") || is("x-gzip") {
            Some(Self::Gzip)
        } else if is("deflate") {
            Some(Self::Deflate)
        } else {
            (is("identity") || name.is_empty()).then_some(Self::Identity)
        }
    }
}

/// The body as it was before it was encoded, made as it is read.
pub(crate) fn decoded(body: Body, encoding: Encoding) -> Body {
    let reader = StreamReader::new(body.into_data_stream().map_err(io::Error::other));
    match encoding {
        Encoding::Identity => stream(reader),
        Encoding::Deflate => stream(ZlibDecoder::new(reader)),
        Encoding::Gzip => {
            let mut decoder = GzipDecoder::new(reader);
            // Two files in a row are one (RFC 1952, section 2.2).
            decoder.multiple_members(true);
            stream(decoder)
        }
    }
}

fn stream(reader: impl AsyncRead + Send + 'static) -> Body {
    Body::from_stream(ReaderStream::with_capacity(reader, DECODED_CHUNK))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[&'static str]) -> Option<Encoding> {
        let values = values.iter();
        let headers = values.map(|value| (CONTENT_ENCODING, HeaderValue::from_static(value)));
        Encoding::of(&headers.collect())
    }

    #[test]
    fn an_encoding_is_known_in_any_case() {
        assert_eq!(of(&["GZip"]), Some(Encoding::Gzip));
        assert_eq!(of(&[" x-gzip"]), Some(Encoding::Gzip));
        assert_eq!(of(&["deflate"]), Some(Encoding::Deflate));
        assert_eq!(of(&["identity"]), Some(Encoding::Identity));
        assert_eq!(of(&[]), Some(Encoding::Identity));
    }

    #[test]
    fn what_is_encoded_twice_or_by_others_is_not_decoded() {
        assert_eq!(of(&["br"]), None);
        assert_eq!(of(&["gzip, gzip"]), None);
    }

    #[test]
    fn two_headers_are_two_encodings() {
        let mut headers = HeaderMap::new();
        headers.append(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        headers.append(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        assert_eq!(Encoding::of(&headers), None);
    }
}
