use std::time::{Duration, SystemTime};

use belvedere_core::{
    RequestContext,
    names::field,
    trace::{Attribute, SpanRecord, Status, Value},
};
use belvedere_http::{
    Peer,
    observe::{Ended, Outcome},
};
use opentelemetry::trace::SpanKind;
use tonic::Code;

use crate::{code, series::Series};

/// More than any span has, so that the list is made once.
const MOST_ATTRIBUTES: usize = 14;

/// Which names spans use: those of semantic conventions up to 1.37, the later ones, or both.
///
/// `OTEL_SEMCONV_STABILITY_OPT_IN`, a list; `rpc/dup` wins over `rpc`.
/// <https://opentelemetry.io/docs/specs/semconv/rpc/rpc-spans/>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RpcConventions {
    /// `rpc.system`, `rpc.service`, `rpc.method`, `rpc.grpc.status_code`.
    #[default]
    Old,
    /// `rpc.system.name`, `rpc.method` with its service, `rpc.response.status_code`.
    New,
    /// Both; `rpc.method` is the new one.
    Both,
}

impl RpcConventions {
    /// As `OTEL_SEMCONV_STABILITY_OPT_IN` says; what is of other kinds says nothing.
    pub fn from_list(list: &str) -> Self {
        let mut words = list.split(',').map(str::trim);
        if words.clone().any(|word| word == "rpc/dup") {
            Self::Both
        } else if words.any(|word| word == "rpc") {
            Self::New
        } else {
            Self::Old
        }
    }

    /// The attributes that name a method, `{package.Service}/{Method}`, and say how a call of it ended.
    pub(crate) fn describe<'a>(
        self,
        name: &'a str,
        code: Code,
        attributes: &mut Vec<Attribute<'a>>,
    ) {
        let (service, method) = name.split_once('/').unwrap_or((name, name));
        let has_new = self != Self::Old;
        if self != Self::New {
            attributes.push(("rpc.system", Value::Const("grpc")));
            attributes.push(("rpc.service", Value::Str(service)));
            attributes.push(("rpc.grpc.status_code", Value::Int(i64::from(code as i32))));
        }
        if has_new {
            attributes.push(("rpc.system.name", Value::Const("grpc")));
            attributes.push(("rpc.response.status_code", Value::Const(code::name(code))));
        }
        let method = if has_new { name } else { method };
        attributes.push(("rpc.method", Value::Str(method)));
    }
}

/// How a call ended, as far as its span is concerned.
#[derive(Debug)]
pub(super) struct Ending {
    pub(super) code: Code,
    pub(super) ended: Ended,
    pub(super) exc_type: Option<&'static str>,
    /// How long ago that was: it is logged before it is traced.
    pub(super) ago: Duration,
}

impl Ending {
    fn error_type(&self) -> Option<&'static str> {
        match self.ended.outcome {
            Outcome::ClientAbort => Some("client_disconnect"),
            _ if !self.ended.is_failure => None,
            Outcome::Error => Some(self.exc_type.unwrap_or(code::name(self.code))),
            outcome => Some(outcome.as_str()),
        }
    }
}

/// Records the server span of a call that has just ended.
pub(super) fn record(
    context: &RequestContext,
    series: &Series,
    peer: Option<Peer>,
    conventions: RpcConventions,
    ending: &Ending,
) {
    let end = SystemTime::now() - ending.ago;
    let client = peer.map(|peer| peer.0.ip().to_string());
    let link = context.server_link();
    let identity = context.identity();
    let mut attributes = Vec::with_capacity(MOST_ATTRIBUTES);
    conventions.describe(&series.name, ending.code, &mut attributes);
    let known = [
        ("client.address", client.as_deref()),
        ("error.type", ending.error_type()),
        (field::REQUEST_ID, Some(context.request_id())),
        (
            field::TENANT_ID,
            identity.map(|identity| &*identity.tenant_id),
        ),
        (
            field::USER_ID,
            identity.and_then(|identity| identity.user_id.as_deref()),
        ),
    ];
    let known = known.into_iter();
    attributes.extend(known.filter_map(|(key, text)| Some((key, Value::Str(text?)))));
    context.record(&SpanRecord {
        trace_id: context.trace_id(),
        span_id: context.span_id(),
        parent: context.server_parent(),
        trace_state: context.trace_state(),
        kind: &SpanKind::Server,
        name: &series.name,
        start: end - ending.ended.duration,
        end,
        attributes: &attributes,
        status: if ending.ended.is_failure {
            Status::Error("")
        } else {
            Status::Unset
        },
        link: link.as_ref(),
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_conventions_win_over_the_new_one_and_others_say_nothing() {
        let of = RpcConventions::from_list;
        assert_eq!(of(""), RpcConventions::Old);
        assert_eq!(of("http, database/dup"), RpcConventions::Old);
        assert_eq!(of("http,rpc"), RpcConventions::New);
        assert_eq!(of("rpc, rpc/dup"), RpcConventions::Both);
    }
}
