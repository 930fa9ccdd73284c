use std::{io::Write, time::SystemTime};

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{CONTENT_ENCODING, CONTENT_TYPE},
};
use reqwest::{Client, Response, redirect::Policy};

use super::{
    Target,
    retry::retry_after,
    tls,
    transport::{CONNECT_TIMEOUT, MAX_ANSWER, Partial, SendError, TransportError, partial},
};

/// OTLP/HTTP with protobuf.
#[derive(Debug)]
pub(crate) struct HttpTransport {
    client: Client,
    url: String,
    headers: HeaderMap,
    gzip: bool,
}

impl HttpTransport {
    pub(super) fn new(target: &Target) -> Result<Self, TransportError> {
        let client = Client::builder()
            .tls_backend_preconfigured(tls::client(target.certificate.as_deref())?)
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(target.timeout)
            .redirect(Policy::none())
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

    pub(super) async fn send(&self, request: Bytes) -> Result<Partial, SendError> {
        let body = if self.gzip { gzip(&request) } else { request };
        let call = self.client.post(&self.url).headers(self.headers.clone());
        let answer = call.body(body).send().await;
        let answer = answer.map_err(|error| SendError::again(chain(&error.without_url())))?;
        let status = answer.status();
        if !status.is_success() {
            return Err(from_http(status, answer.headers()));
        }
        Ok(partial(&beginning(answer).await))
    }
}

/// As much of an answer as anybody reads.
async fn beginning(mut answer: Response) -> Vec<u8> {
    let mut read = Vec::new();
    while let Ok(Some(chunk)) = answer.chunk().await {
        read.extend_from_slice(&chunk);
        if read.len() > MAX_ANSWER {
            break;
        }
    }
    read
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

/// What may be sent again, and when, by the OTLP specification ("Failures" and "Throttling" of OTLP/HTTP).
fn from_http(status: StatusCode, headers: &HeaderMap) -> SendError {
    let why = status.to_string();
    match status.as_u16() {
        429 | 503 => SendError::Again {
            why,
            after: retry_after(headers, SystemTime::now()),
        },
        502 | 504 => SendError::again(why),
        _ => SendError::Refused(why),
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
