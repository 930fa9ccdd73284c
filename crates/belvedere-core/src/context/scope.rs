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

/// What a task is spawned in. Captured when it is spawned, not at its first poll.
struct Carried {
    otel: OtelContext,
    context: Option<Arc<RequestContext>>,
    is_beside: bool,
}

impl Carried {
    fn capture(is_beside: bool) -> Self {
        Self {
            otel: OtelContext::current(),
            context: RequestContext::current(),
            is_beside: is_beside || RequestContext::is_beside(),
        }
    }

    async fn run<F: Future>(self, work: F) -> F::Output {
        let Self {
            otel,
            context,
            is_beside,
        } = self;
        match context {
            Some(context) if is_beside => BESIDE.scope((), carried(context, otel, work)).await,
            Some(context) => carried(context, otel, work).await,
            None => work.await,
        }
    }

    fn call<T>(self, work: impl FnOnce() -> T) -> T {
        let Some(context) = self.context else {
            return work();
        };
        let is_beside = self.is_beside;
        let _attached = self.otel.has_active_span().then(|| self.otel.attach());
        CURRENT.sync_scope(context, || {
            if is_beside {
                BESIDE.sync_scope((), work)
            } else {
                work()
            }
        })
    }
}

/// Carries the running task's request and span over to `work`, which may outlive them.
pub(crate) fn carry<F: Future>(work: F) -> impl Future<Output = F::Output> {
    Carried::capture(true).run(work)
}

/// The same for work that somebody waits for.
pub(crate) fn carry_along<F: Future>(work: F) -> impl Future<Output = F::Output> {
    Carried::capture(false).run(work)
}

/// As [`carry`], for what blocks.
pub(crate) fn carry_blocking<T>(work: impl FnOnce() -> T) -> impl FnOnce() -> T {
    let carried = Carried::capture(true);
    move || carried.call(work)
}

/// As [`carry_along`], for what blocks.
pub(crate) fn carry_along_blocking<T>(work: impl FnOnce() -> T) -> impl FnOnce() -> T {
    let carried = Carried::capture(false);
    move || carried.call(work)
}

fn carried<F: Future>(context: Arc<RequestContext>, otel: OtelContext, work: F) -> Scope<F> {
    Scope {
        otel: otel.has_active_span().then_some(otel),
        inner: CURRENT.scope(context, work),
    }
}
