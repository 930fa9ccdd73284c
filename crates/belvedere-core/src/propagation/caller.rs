use super::Baggage;
use crate::trace::TraceParent;

/// Where a request comes from, as far as that is believed.
#[derive(Debug, Default)]
pub struct Caller {
    pub(crate) parent: Option<TraceParent>,
    pub(crate) link: Option<TraceParent>,
    pub(crate) verdict: Option<bool>,
    pub(crate) carried: Option<Box<Carried>>,
}

/// What is handed on to callees; few requests have any of it.
#[derive(Debug, Default)]
pub(crate) struct Carried {
    pub(crate) state: Option<Box<str>>,
    pub(crate) baggage: Baggage,
    /// A B3 caller wants everything of this trace.
    pub(crate) is_debug: bool,
}

impl Caller {
    /// Its trace goes on here, and its decision stands.
    pub const fn continued(parent: TraceParent) -> Self {
        Self {
            parent: Some(parent),
            link: None,
            verdict: Some(parent.sampled),
            carried: None,
        }
    }

    /// Not believed: a new trace points at it, and nothing of it is handed on.
    pub const fn linked(link: TraceParent) -> Self {
        Self {
            parent: None,
            link: Some(link),
            verdict: None,
            carried: None,
        }
    }

    /// With a `tracestate` to hand on, as [`RequestContext::trace_state`](crate::RequestContext::trace_state) told it elsewhere.
    #[must_use]
    pub fn with_trace_state(mut self, state: &str) -> Self {
        let carried = self.carried.get_or_insert_default();
        carried.state = Some(state.into());
        self
    }

    /// The span that the request is a child of.
    pub const fn parent(&self) -> Option<TraceParent> {
        self.parent
    }

    /// The span that the request only points at.
    pub const fn link(&self) -> Option<TraceParent> {
        self.link
    }

    /// What the caller has decided on sampling; `None` leaves it to us.
    pub const fn verdict(&self) -> Option<bool> {
        self.verdict
    }
}

impl Carried {
    /// Nothing is no box.
    pub(super) fn boxed(self) -> Option<Box<Self>> {
        let is_any = self.state.is_some() || self.is_debug || !self.baggage.is_empty();
        is_any.then(|| Box::new(self))
    }
}
