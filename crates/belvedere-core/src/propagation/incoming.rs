use super::{
    Baggage, Caller, Carried, Propagation, Propagator, Propagators,
    b3::{self, Found},
    tracestate,
};
use crate::trace::TraceParent;

/// What a request's headers say of its caller, unread.
///
/// One pass finds everything: most requests have none of it, and a look-up for each name costs more than looking at all.
#[derive(Debug, Default)]
pub struct Incoming<'h> {
    request_id: Option<&'h [u8]>,
    is_any: bool,
    traceparent: Once<'h>,
    elastic: Once<'h>,
    b3: Once<'h>,
    multi: [Once<'h>; 4],
    tracestate: Vec<&'h [u8]>,
    baggage: Vec<&'h [u8]>,
}

/// A header that may be there once.
#[derive(Debug, Clone, Copy, Default)]
struct Once<'h>(Option<&'h [u8]>);

impl<'h> Once<'h> {
    const fn see(&mut self, value: &'h [u8]) {
        // Twice is malformed, as nothing at all is.
        self.0 = Some(if self.0.is_some() { b"" } else { value });
    }
}

impl<'h> Incoming<'h> {
    /// Looks at one header, its name in lower case.
    pub fn see(&mut self, name: &[u8], value: &'h [u8]) {
        match name {
            b"x-request-id" => return self.request_id = self.request_id.or(Some(value)),
            b"traceparent" => self.traceparent.see(value),
            b"tracestate" => self.tracestate.push(value),
            b"baggage" => self.baggage.push(value),
            b"elastic-apm-traceparent" => self.elastic.see(value),
            b"b3" => self.b3.see(value),
            b"x-b3-traceid" => self.multi[0].see(value),
            b"x-b3-spanid" => self.multi[1].see(value),
            b"x-b3-sampled" => self.multi[2].see(value),
            b"x-b3-flags" => self.multi[3].see(value),
            _ => return,
        }
        self.is_any = true;
    }

    /// The caller's id of the request, if it is one: `[A-Za-z0-9._-]{8,128}`.
    pub fn request_id(&self) -> Option<&'h str> {
        let id = self.request_id?;
        let fits = (8..=128).contains(&id.len());
        let clean = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);
        (fits && id.iter().all(clean)).then(|| str::from_utf8(id).ok())?
    }

    /// The caller: a trusted one is continued, of another nothing but a link is left. `is_trusted` is asked only when there is
    /// something to believe.
    pub fn caller(&self, propagation: &Propagation, is_trusted: impl FnOnce() -> bool) -> Caller {
        if !self.is_any {
            return Caller::default();
        }
        let found = self.find(propagation.propagators);
        if is_trusted() {
            self.continued(found, propagation)
        } else {
            let trace = found.and_then(|found| found.trace);
            trace.map_or_else(Caller::default, Caller::linked)
        }
    }

    fn continued(&self, found: Option<Found>, propagation: &Propagation) -> Caller {
        let carried = Carried {
            state: self.state(found.as_ref()),
            baggage: self.baggage(propagation),
            is_debug: found.as_ref().is_some_and(|found| found.is_debug),
        };
        Caller {
            parent: found.as_ref().and_then(|found| found.trace),
            link: None,
            verdict: found.and_then(|found| found.verdict),
            carried: carried.boxed(),
        }
    }

    /// The first that is well formed.
    fn find(&self, propagators: Propagators) -> Option<Found> {
        let has = |one| propagators.has(one).then_some(());
        let w3c = || {
            let parse = |header: Once<'_>| TraceParent::parse(header.0?);
            let caller = parse(self.traceparent).or_else(|| parse(self.elastic))?;
            Some(Found::of_w3c(caller))
        };
        let single = || b3::parse_single(self.b3.0?);
        let multi = || b3::parse_multi(self.multi.map(|header| header.0));
        has(Propagator::TraceContext)
            .and_then(|()| w3c())
            .or_else(|| has(Propagator::B3).and_then(|()| single()))
            .or_else(|| has(Propagator::B3Multi).and_then(|()| multi()))
    }

    /// It belongs to a `traceparent`, and means nothing without.
    fn state(&self, found: Option<&Found>) -> Option<Box<str>> {
        let belongs = found.is_some_and(|found| found.is_w3c);
        belongs.then(|| tracestate::parse(&self.tracestate))?
    }

    fn baggage(&self, propagation: &Propagation) -> Baggage {
        if propagation.propagators.has(Propagator::Baggage) {
            Baggage::parse(&self.baggage, &propagation.baggage_keys)
        } else {
            Baggage::default()
        }
    }
}
