use std::{
    cell::RefCell,
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context as Task, Poll, ready},
};

use opentelemetry::{Context as OtelContext, ContextGuard, trace::TraceContextExt};

use super::RequestContext;

type Current = Option<Arc<RequestContext>>;

// As a task-local of tokio's, but nothing that runs in it is moved to get there: each request goes through it five times.
thread_local! {
    static CURRENT: RefCell<Current> = const { RefCell::new(None) };
}

tokio::task_local! {
    static BESIDE: ();
}

impl RequestContext {
    /// The context of the running task, if it is in a request.
    pub fn current() -> Option<Arc<Self>> {
        CURRENT.try_with(|current| current.borrow().clone()).ok()?
    }

    /// Reads the context of the running task without taking a reference count.
    pub fn with<T>(read: impl FnOnce(&Self) -> T) -> Option<T> {
        let with = |current: &RefCell<Current>| current.borrow().as_deref().map(read);
        CURRENT.try_with(with).ok()?
    }

    /// Whether the running task was spawned beside its request, and holds up nobody's answer.
    pub fn is_beside() -> bool {
        BESIDE.try_with(|()| ()).is_ok()
    }

    /// Runs `work` in this context.
    pub fn scope<F: Future>(self: Arc<Self>, work: F) -> Scope<F> {
        Scope {
            otel: self.otel_context().cloned(),
            context: Some(self),
            work: Some(work),
        }
    }

    /// Runs a closure in this context.
    // So that neither what it takes nor what it returns is moved once more.
    #[inline]
    pub fn enter<T>(self: &Arc<Self>, work: impl FnOnce() -> T) -> T {
        let mut context = Some(Arc::clone(self));
        let _entered = Entered::new(&mut context, self.otel_context().cloned());
        work()
    }
}

/// For as long as this lives, a context is that of the thread.
struct Entered<'c> {
    /// The other one: the thread's own while this lives.
    outer: &'c mut Current,
    _attached: Option<ContextGuard>,
}

impl<'c> Entered<'c> {
    fn new(context: &'c mut Current, otel: Option<OtelContext>) -> Self {
        exchange(context);
        Self {
            outer: context,
            _attached: otel.map(OtelContext::attach),
        }
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        exchange(self.outer);
    }
}

/// A thread that is ending has no context any more.
fn exchange(context: &mut Current) {
    let _ = CURRENT.try_with(|current| mem::swap(&mut *current.borrow_mut(), context));
}

pin_project_lite::pin_project! {
    /// A future that runs, and is dropped, in a request's context.
    #[derive(Debug)]
    pub struct Scope<F> {
        // `None` once it is ready.
        #[pin]
        work: Option<F>,
        context: Current,
        otel: Option<OtelContext>,
    }

    impl<F> PinnedDrop for Scope<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if this.work.is_some() {
                let _entered = Entered::new(this.context, this.otel.take());
                this.work.set(None);
            }
        }
    }
}

impl<F: Future> Future for Scope<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, task: &mut Task<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let _entered = Entered::new(this.context, this.otel.clone());
        let work = this.work.as_mut().as_pin_mut();
        let work = work.expect("a future is not polled after it is ready");
        let output = ready!(work.poll(task));
        this.work.set(None);
        Poll::Ready(output)
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
        let mut context = self.context;
        if context.is_none() {
            return work();
        }
        let otel = self.otel.has_active_span().then_some(self.otel);
        let _entered = Entered::new(&mut context, otel);
        if self.is_beside {
            BESIDE.sync_scope((), work)
        } else {
            work()
        }
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
        context: Some(context),
        work: Some(work),
    }
}
