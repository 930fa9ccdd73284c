use std::{sync::Arc, time::Instant};

use belvedere_core::{
    RequestContext,
    propagation::header,
    trace::{Attribute, ChildSpan, Status, Value},
};
use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::trace::SpanKind;
use tonic::Code;

use super::{channel::Inner, series::Method};
use crate::{RpcConventions, code};

/// A call on its way: a span and a duration, told once. Dropped before its end, it was taken back.
#[derive(Debug)]
pub(super) struct Sent {
    upstream: Arc<Inner>,
    method: Arc<Method>,
    conventions: RpcConventions,
    span: Option<ChildSpan>,
    clock: Instant,
    is_done: bool,
}

impl Sent {
    pub(super) fn begin(upstream: &Arc<Inner>, conventions: RpcConventions, path: &str) -> Self {
        Self {
            method: upstream.series.of(upstream.name, path),
            upstream: Arc::clone(upstream),
            conventions,
            span: ChildSpan::begin(),
            clock: Instant::now(),
            is_done: false,
        }
    }

    /// Says who calls: the trace in the headers of `OTEL_PROPAGATORS`, and `x-request-id`.
    pub(super) fn sign(&self, headers: &mut HeaderMap) {
        RequestContext::with(|context| {
            let from = self.span.as_ref().map(ChildSpan::traceparent);
            let from = from.unwrap_or_else(|| context.traceparent());
            put(headers, header::REQUEST_ID, context.request_id().as_bytes());
            context.inject(&from, |name, value| put(headers, name, value));
        });
    }

    pub(super) fn waited(&self) -> std::time::Duration {
        self.clock.elapsed()
    }

    pub(super) fn end(&mut self, code: Code) {
        if std::mem::replace(&mut self.is_done, true) {
            return;
        }
        let name = self.upstream.name;
        self.method.ended(name, code, self.clock.elapsed());
        if let Some(span) = self.span.take() {
            let status = match code {
                Code::Ok => Status::Unset,
                _ => Status::Error(""),
            };
            let attributes = self.attributes(code);
            span.finish(&SpanKind::Client, &self.method.name, &attributes, status);
        }
    }

    fn attributes(&self, code: Code) -> Vec<Attribute<'_>> {
        let Inner { url, name, .. } = &*self.upstream;
        let mut attributes = vec![
            ("server.address", url.host().into()),
            ("server.port", Value::Int(url.port().into())),
            ("peer.service", Value::Str(name)),
        ];
        self.conventions
            .describe(&self.method.name, code, &mut attributes);
        if code != Code::Ok {
            attributes.push(("error.type", Value::Const(code::name(code))));
        }
        attributes
    }
}

impl Drop for Sent {
    fn drop(&mut self) {
        self.end(Code::Cancelled);
    }
}

fn put(headers: &mut HeaderMap, name: &'static str, value: &[u8]) {
    if let Ok(mut value) = HeaderValue::from_bytes(value) {
        // Every one is another, and would take the place of what comes again in HTTP/2's table.
        value.set_sensitive(true);
        headers.insert(HeaderName::from_static(name), value);
    }
}

#[cfg(test)]
mod tests {
    use belvedere_core::{NewRequest, context::Route, trace::Tracer};
    use belvedere_http::UpstreamConfig;

    use super::*;
    use crate::Channel;

    #[tokio::test]
    async fn what_is_another_for_each_call_is_kept_out_of_http2s_table() {
        let config = UpstreamConfig {
            url: Some("http://127.0.0.1:1".parse().unwrap()),
            ..UpstreamConfig::default()
        };
        let channel = Channel::new("probe", &config).unwrap();
        let sent = Sent::begin(&channel.upstream, RpcConventions::default(), "/p.v1.P/Get");
        let context = NewRequest::new(&Route::new("GET", "/"), "/").begin(&Tracer::off());
        let mut headers = HeaderMap::new();
        context.enter(|| sent.sign(&mut headers));
        for name in [header::REQUEST_ID, header::TRACEPARENT] {
            assert!(headers[name].is_sensitive(), "{name}");
        }
    }
}
