use std::time::{Duration, Instant};

use belvedere_core::{
    RequestContext,
    names::metric,
    trace::{Attribute, ChildSpan, Status, Value},
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use opentelemetry::trace::SpanKind;
use reqwest::{Client, Response, Url, redirect::Policy};
use serde::Serialize;

use crate::observe::REQUEST_ID;

/// Longest time for a connection to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// Longest time for a whole call.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Another service that this one calls, under a name that stands in metrics and spans in place of its URL.
///
/// A call carries the request's trace context and id, and leaves a client span and
/// `http_client_request_duration_seconds{upstream,method,status}`. Redirects are not followed.
#[derive(Debug, Clone)]
pub struct Upstream {
    name: &'static str,
    base: Url,
    client: Client,
}

/// A call that got no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UpstreamError {
    /// The base URL or the path is none.
    #[error("upstream {name}: {url:?} is no URL")]
    Url {
        /// The upstream.
        name: &'static str,
        /// What was given.
        url: String,
    },
    /// The client could not be made.
    #[error("upstream {name}: no client")]
    Client {
        /// The upstream.
        name: &'static str,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// No answer in time, or no connection.
    #[error("upstream {name} did not answer")]
    NoAnswer {
        /// The upstream.
        name: &'static str,
        /// Why; its URL is taken out.
        #[source]
        source: reqwest::Error,
    },
}

impl Upstream {
    /// `name` out of a closed set, `base` the URL that paths are joined to.
    ///
    /// # Errors
    ///
    /// `base` is no URL, or TLS could not be set up.
    pub fn new(name: &'static str, base: &str) -> Result<Self, UpstreamError> {
        let url = || UpstreamError::Url {
            name,
            url: base.to_owned(),
        };
        let builder = Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            .redirect(Policy::none());
        Ok(Self {
            name,
            base: base.parse().map_err(|_| url())?,
            client: builder
                .build()
                .map_err(|source| UpstreamError::Client { name, source })?,
        })
    }

    /// Sends `body` as JSON. Any status is an answer; only its absence is an error.
    ///
    /// # Errors
    ///
    /// No connection, no answer within 5 s, or a `path` that cannot be joined.
    pub async fn post_json<B: Serialize + Sync>(
        &self,
        path: &str,
        body: &B,
    ) -> Result<Response, UpstreamError> {
        let url = self.base.join(path).map_err(|_| UpstreamError::Url {
            name: self.name,
            url: path.to_owned(),
        })?;
        let call = Call::begin(self.name, Method::POST, &url);
        let request = self.client.post(url).headers(call.headers()).json(body);
        let answer = request.send().await.map_err(reqwest::Error::without_url);
        call.end(answer.as_ref().ok().map(Response::status));
        answer.map_err(|source| UpstreamError::NoAnswer {
            name: self.name,
            source,
        })
    }
}

/// One call, measured. Dropped before its end, it counts as cancelled.
struct Call {
    upstream: &'static str,
    method: Method,
    server: String,
    span: Option<ChildSpan>,
    clock: Instant,
    is_done: bool,
}

impl Call {
    fn begin(upstream: &'static str, method: Method, url: &Url) -> Self {
        Self {
            upstream,
            method,
            server: url.host_str().unwrap_or_default().to_owned(),
            span: ChildSpan::begin(),
            clock: Instant::now(),
            is_done: false,
        }
    }

    /// The trace in the headers of `OTEL_PROPAGATORS`, and `x-request-id`.
    fn headers(&self) -> HeaderMap {
        RequestContext::with(|context| self.headers_in(context)).unwrap_or_default()
    }

    fn headers_in(&self, context: &RequestContext) -> HeaderMap {
        let from = self.span.as_ref().map(ChildSpan::traceparent);
        let from = from.unwrap_or_else(|| context.traceparent());
        let mut headers = HeaderMap::new();
        put(&mut headers, REQUEST_ID, context.request_id().as_bytes());
        context.inject(&from, |name, value| {
            put(&mut headers, HeaderName::from_static(name), value);
        });
        headers
    }

    fn end(mut self, status: Option<StatusCode>) {
        self.record(status.map(|status| status.as_u16()), "no_answer");
    }

    fn record(&mut self, status: Option<u16>, without: &'static str) {
        self.is_done = true;
        let label = status.map_or_else(|| without.to_owned(), |status| status.to_string());
        metrics::histogram!(
            metric::HTTP_CLIENT_DURATION,
            "upstream" => self.upstream, "method" => self.method.to_string(), "status" => label.clone()
        )
        .record(self.clock.elapsed().as_secs_f64());
        if let Some(span) = self.span.take() {
            let is_error = status.is_none_or(|status| status >= 400);
            let attributes = self.attributes(status, is_error.then_some(&label));
            let outcome = if is_error {
                Status::Error("")
            } else {
                Status::Unset
            };
            let name = format!("{} {}", self.method, self.upstream);
            span.finish(&SpanKind::Client, &name, &attributes, outcome);
        }
    }

    fn attributes<'a>(
        &'a self,
        status: Option<u16>,
        error_type: Option<&'a str>,
    ) -> Vec<Attribute<'a>> {
        let mut attributes = vec![
            ("http.request.method", self.method.as_str().into()),
            ("server.address", self.server.as_str().into()),
            ("peer.service", self.upstream.into()),
        ];
        let status = status.map(|status| Value::Int(status.into()));
        attributes.extend(status.map(|status| ("http.response.status_code", status)));
        attributes.extend(error_type.map(|error_type| ("error.type", error_type.into())));
        attributes
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if !self.is_done {
            self.record(None, "cancelled");
        }
    }
}

fn put(headers: &mut HeaderMap, name: HeaderName, value: &[u8]) {
    if let Ok(value) = HeaderValue::from_bytes(value) {
        headers.insert(name, value);
    }
}
