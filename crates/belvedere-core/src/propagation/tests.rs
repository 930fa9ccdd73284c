use std::collections::BTreeMap;

use super::*;
use crate::{
    NewRequest,
    context::Route,
    trace::{TraceParent, Tracer},
};

mod b3;
mod hostile;
mod precedence;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN: &str = "00f067aa0ba902b7";

type Headers<'h> = &'h [(&'h str, &'h str)];

fn all() -> Propagation {
    Propagation {
        propagators: "tracecontext,baggage,b3,b3multi".parse().unwrap(),
        baggage_keys: "plan".parse().unwrap(),
        ..Propagation::default()
    }
}

fn only(propagators: &str) -> Propagation {
    Propagation {
        propagators: propagators.parse().unwrap(),
        ..all()
    }
}

fn incoming<'h>(headers: Headers<'h>) -> Incoming<'h> {
    let mut incoming = Incoming::default();
    for (name, value) in headers {
        incoming.see(name.as_bytes(), value.as_bytes());
    }
    incoming
}

fn trusted(headers: Headers<'_>, propagation: &Propagation) -> Caller {
    incoming(headers).caller(propagation, || true)
}

fn stranger(headers: Headers<'_>, propagation: &Propagation) -> Caller {
    incoming(headers).caller(propagation, || false)
}

/// The ids as `<trace>-<span>`, and the verdict.
fn told(caller: &Caller) -> (Option<String>, Option<bool>) {
    let ids = caller.parent().map(ids);
    (ids, caller.verdict())
}

fn ids(parent: TraceParent) -> String {
    format!("{}-{}", parent.trace_id, parent.span_id)
}

/// What a callee of a request with these headers is sent.
fn handed_on(headers: Headers<'_>, propagation: &Propagation) -> BTreeMap<&'static str, String> {
    let context = NewRequest::new(&Route::new("GET", "/"), "/")
        .caller(trusted(headers, propagation))
        .propagators(propagation.propagators)
        .begin(&Tracer::off());
    let mut sent = BTreeMap::new();
    let from = TraceParent::parse(W3C.as_bytes()).unwrap();
    context.inject(&from, |name, value| {
        let value = String::from_utf8(value.to_vec()).unwrap();
        assert_eq!(sent.insert(name, value), None, "{name} twice");
    });
    sent
}

const W3C: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
