use std::{
    pin::Pin,
    sync::Arc,
    task::{Context as Task, Poll},
};

use opentelemetry::{Context as OtelContext, trace::TraceContextExt};
use tokio::task::futures::TaskLocalFuture;

use super::RequestContext;

tokio::task_local! {
    static CURRENT: Arc<RequestContext>;
    static BESIDE: ();
}

impl RequestContext {
    /// The context of the running task, if it is in a request.
    pub fn current() -> Option<Arc<Self>> {
        CURRENT.try_with(Arc::clone).ok()
    }

    /// Reads the context of the running task without taking a reference count.
    pub fn with<T>(read: impl FnOnce(&Self) -> T) -> Option<T> {
        CURRENT.try_with(|context| read(context)).ok()
    }

    /// Whether the running task was spawned beside its request, and holds up nobody's answer.
    pub fn is_beside() -> bool {
        BESIDE.try_with(|()| ()).is_ok()
    }

    /// Runs `work` in this context.
    pub fn scope<F: Future>(self: Arc<Self>, work: F) -> Scope<F> {
        Scope {
            otel: self.otel_context().cloned(),
            inner: CURRENT.scope(self, work),
        }
    }

    /// Runs a closure in this context.
    pub fn enter<T>(self: &Arc<Self>, work: impl FnOnce() -> T) -> T {
        let _attached = self.otel_context().cloned().map(OtelContext::attach);
        CURRENT.sync_scope(Arc::clone(self), work)
    }
}

pin_project_lite::pin_project! {
    /// A future that runs in a request's context.
    #[derive(Debug)]
    pub struct Scope<F> {
        #[pin]
        inner: TaskLocalFuture<Arc<RequestContext>, F>,
        otel: Option<OtelContext>,
    }
}

impl<F: Future> Future for Scope<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, task: &mut Task<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let _attached = this.otel.clone().map(OtelContext::attach);
        this.inner.poll(task)
    }
}

/// Carries the running task's request and span over to `work`, which may outlive them. Captured now, not at first poll.
pub(crate) fn carry<F: Future>(work: F) -> impl Future<Output = F::Output> {
    let otel = OtelContext::current();
    let context = RequestContext::current();
    async move {
        match context {
            Some(context) => BESIDE.scope((), carried(context, otel, work)).await,
            None => work.await,
        }
    }
}

fn carried<F: Future>(context: Arc<RequestContext>, otel: OtelContext, work: F) -> Scope<F> {
    Scope {
        otel: otel.has_active_span().then_some(otel),
        inner: CURRENT.scope(context, work),
    }
}
