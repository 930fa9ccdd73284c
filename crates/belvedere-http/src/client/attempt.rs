use std::time::{Duration, Instant};

use belvedere_core::{
    RequestContext,
    trace::{Attribute, ChildSpan, Status, Value},
};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use opentelemetry::trace::SpanKind;
use reqwest::{RequestBuilder, Response};
use tokio::time;

use super::{
    Answer, UpstreamError,
    breaker::{Permit, Verdict},
    end::End,
    series::Outcome,
    upstream::Inner,
};
use crate::observe::{REQUEST_ID, method_label};

/// How many milliseconds the caller will wait for an answer: Envoy's name for it, which meshes know already.
pub const DEADLINE: HeaderName = HeaderName::from_static("x-envoy-expected-rq-timeout-ms");
/// An upstream that was granted less than this has not failed.
const FAIR: Duration = Duration::from_millis(100);

/// One try of a call: a span, a duration and a verdict. Dropped before its end, it counts as cancelled.
pub(super) struct Attempt<'c> {
    upstream: &'c Inner,
    method: &'c Method,
    /// How many came before it.
    retry: u16,
    span: Option<ChildSpan>,
    clock: Instant,
    permit: Option<Permit<'c>>,
    is_done: bool,
}

impl<'c> Attempt<'c> {
    pub(super) fn begin(
        upstream: &'c Inner,
        method: &'c Method,
        retry: u16,
        permit: Permit<'c>,
    ) -> Self {
        Self {
            upstream,
            method,
            retry,
            span: ChildSpan::begin(),
            clock: Instant::now(),
            permit: Some(permit),
            is_done: false,
        }
    }

    pub(super) async fn make(
        mut self,
        request: RequestBuilder,
        end: End,
    ) -> Result<Answer, UpstreamError> {
        let request = request.headers(self.headers(end));
        let answered = time::timeout_at(end.at.into(), exchange(self.upstream, request)).await;
        let outcome = answered.unwrap_or_else(|_| Err(end.error(self.upstream.name)));
        if let Some(permit) = self.permit.take() {
            permit.tell(verdict(&outcome, self.clock.elapsed()));
        }
        self.record(match &outcome {
            Ok(answer) => Outcome::Status(answer.status),
            Err(error) => Outcome::Without(error.label()),
        });
        outcome
    }

    /// The trace in the headers of `OTEL_PROPAGATORS`, `x-request-id`, and the time that is left.
    fn headers(&self, end: End) -> HeaderMap {
        let context = RequestContext::with(|context| self.headers_in(context));
        let mut headers = context.unwrap_or_default();
        let left = u64::try_from(end.left().as_millis()).unwrap_or(u64::MAX);
        headers.insert(DEADLINE, left.into());
        headers
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

    fn record(&mut self, outcome: Outcome) {
        self.is_done = true;
        let Inner { name, series, .. } = self.upstream;
        series.tried(name, self.method, outcome, self.clock.elapsed());
        if let Some(span) = self.span.take() {
            let method = method_label(self.method);
            let status = if is_error(outcome) {
                Status::Error("")
            } else {
                Status::Unset
            };
            let attributes = self.attributes(method, &outcome);
            let name = format!("{method} {name}");
            span.finish(&SpanKind::Client, &name, &attributes, status);
        }
    }

    /// <https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-client-span>, without `url.full`: a path may hold
    /// what its caller would not have told.
    fn attributes<'a>(&'a self, method: &'a str, outcome: &'a Outcome) -> Vec<Attribute<'a>> {
        let base = &self.upstream.base;
        let mut attributes = vec![
            ("http.request.method", method.into()),
            ("server.address", base.host().into()),
            ("server.port", Value::Int(base.port().into())),
            ("peer.service", self.upstream.name.into()),
        ];
        if self.retry > 0 {
            let resent = Value::Int(self.retry.into());
            attributes.push(("http.request.resend_count", resent));
        }
        if let Outcome::Status(status) = outcome {
            let status = Value::Int(status.as_u16().into());
            attributes.push(("http.response.status_code", status));
        }
        if is_error(*outcome) {
            attributes.push(("error.type", outcome.label().into()));
        }
        attributes
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if !self.is_done {
            self.record(Outcome::Without("cancelled"));
        }
    }
}

fn is_error(outcome: Outcome) -> bool {
    match outcome {
        Outcome::Status(status) => status.as_u16() >= 400,
        Outcome::Without(_) => true,
    }
}

fn verdict(outcome: &Result<Answer, UpstreamError>, waited: Duration) -> Verdict {
    match outcome {
        Ok(answer) if answer.status.is_server_error() => Verdict::Fails,
        Ok(_) | Err(UpstreamError::BodyTooLarge { .. }) => Verdict::Works,
        Err(UpstreamError::DeadlineOver { .. }) if waited < FAIR => Verdict::Unknown,
        Err(_) => Verdict::Fails,
    }
}

async fn exchange(upstream: &Inner, request: RequestBuilder) -> Result<Answer, UpstreamError> {
    let broke = |error: reqwest::Error| {
        let (name, source) = (upstream.name, error.without_url());
        if source.is_connect() {
            UpstreamError::NoConnection { name, source }
        } else {
            UpstreamError::BrokeOff { name, source }
        }
    };
    let mut response = request.send().await.map_err(broke)?;
    let body = read(&mut response, upstream.body_limit).await;
    let body = body.map_err(broke)?.ok_or(UpstreamError::BodyTooLarge {
        name: upstream.name,
        limit: upstream.body_limit,
    })?;
    Ok(Answer {
        upstream: upstream.name,
        status: response.status(),
        headers: std::mem::take(response.headers_mut()),
        body,
    })
}

/// The whole body, or `None` when it is larger than it may be.
async fn read(response: &mut Response, limit: usize) -> Result<Option<Bytes>, reqwest::Error> {
    let is_too_long = |length: u64| usize::try_from(length).is_ok_and(|length| length > limit);
    if response.content_length().is_some_and(is_too_long) {
        return Ok(None);
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > limit {
            return Ok(None);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Some(body.into()))
}

fn put(headers: &mut HeaderMap, name: HeaderName, value: &[u8]) {
    if let Ok(value) = HeaderValue::from_bytes(value) {
        headers.insert(name, value);
    }
}
