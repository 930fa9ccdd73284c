//! What travels with a job: whose request asked for it, and in which trace.

use std::{borrow::Cow, sync::Arc};

use belvedere_core::{
    Identity, NewRequest, RequestContext,
    context::Route,
    propagation::{Caller, Propagators},
    trace::{TraceParent, Tracer},
};
use serde::{Deserialize, Serialize};

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Metadata<'m> {
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    traceparent: Option<Cow<'m, str>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    tracestate: Option<Cow<'m, str>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    request_id: Option<Cow<'m, str>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    tenant_id: Option<Cow<'m, str>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    user_id: Option<Cow<'m, str>>,
}

impl Metadata<'_> {
    /// Of the running request, or nothing; `sent` is the producer's span.
    pub(crate) fn current(sent: Option<TraceParent>) -> String {
        let rendered = RequestContext::with(|context| {
            let identity = context.identity();
            let user_id = identity.and_then(|identity| identity.user_id.as_deref());
            let metadata = Metadata {
                traceparent: Some(sent.unwrap_or(context.traceparent()).to_string().into()),
                tracestate: context.trace_state().map(Cow::from),
                request_id: Some(context.request_id().into()),
                tenant_id: identity.map(|identity| Cow::from(&*identity.tenant_id)),
                user_id: user_id.map(Cow::from),
            };
            serde_json::to_string(&metadata).ok()
        });
        rendered.flatten().unwrap_or_else(|| "{}".to_owned())
    }
}

/// How runs get their contexts.
#[derive(Debug)]
pub(crate) struct Contexts {
    /// `messaging.system`.
    pub(crate) system: &'static str,
    tracer: Tracer,
    propagators: Propagators,
    route: Route,
}

impl Contexts {
    pub(crate) fn new(system: &'static str, tracer: Tracer, propagators: Propagators) -> Self {
        Self {
            system,
            tracer,
            propagators,
            route: Route::outside(),
        }
    }

    /// The first run goes on in the trace that asked for it. A later one has a trace of its own that points there: it may
    /// come hours after the first has been looked at. What cannot be read is as if it were not there.
    pub(crate) fn begin(&self, metadata: &str, attempt: u32) -> Arc<RequestContext> {
        let metadata: Metadata<'_> = serde_json::from_str(metadata).unwrap_or_default();
        let parent = metadata.traceparent.as_deref();
        let parent = parent.and_then(|parent| TraceParent::parse(parent.as_bytes()));
        let mut caller = match parent {
            Some(parent) if attempt == 1 => Caller::continued(parent),
            Some(parent) => Caller::linked(parent),
            None => Caller::default(),
        };
        if let Some(state) = metadata.tracestate.filter(|_| attempt == 1) {
            caller = caller.with_trace_state(&state);
        }
        let context = NewRequest::new(&self.route, "")
            .request_id(metadata.request_id.as_deref())
            .caller(caller)
            .propagators(self.propagators)
            .begin(&self.tracer);
        if let Some(tenant_id) = metadata.tenant_id {
            context.bind_identity(Identity {
                tenant_id: tenant_id.into(),
                user_id: metadata.user_id.map(Box::from),
            });
        }
        context
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contexts() -> Contexts {
        Contexts::new("sqlite", Tracer::off(), Propagators::default())
    }

    #[tokio::test]
    async fn a_run_knows_whose_request_asked_for_it() {
        let request = NewRequest::new(&Route::new("POST", "/v1/orders"), "/v1/orders")
            .caller(Caller::default().with_trace_state("a=1"))
            .begin(&Tracer::off());
        request.bind_identity(Identity {
            tenant_id: "ac\"me".into(),
            user_id: Some("ada".into()),
        });
        let stored = request.clone().scope(async { Metadata::current(None) });
        let stored = stored.await;
        let run = contexts().begin(&stored, 1);
        assert_eq!(run.identity(), request.identity());
        assert_eq!(run.request_id(), request.request_id());
        assert_eq!(run.trace_id(), request.trace_id());
        assert_eq!(run.trace_state(), Some("a=1"));
        assert_eq!(run.server_parent().unwrap().span_id, request.span_id());
        let again = contexts().begin(&stored, 2);
        assert_ne!(again.trace_id(), request.trace_id());
        assert_eq!(again.request_id(), request.request_id());
        assert_eq!(again.server_link().unwrap().trace_id(), request.trace_id());
    }

    #[test]
    fn a_run_that_nobody_asked_for_has_ids_of_its_own() {
        for nothing in ["{}", "", "{\"traceparent\":7}"] {
            let run = contexts().begin(nothing, 1);
            assert!(!run.request_id().is_empty());
            assert_eq!(run.server_parent(), None);
            let mut line = Vec::new();
            run.write_log_fields(&mut line);
            let line = String::from_utf8(line).unwrap();
            assert!(
                line.contains("request_id") && !line.contains("route"),
                "{line}"
            );
        }
        assert_eq!(Metadata::current(None), "{}");
    }
}
