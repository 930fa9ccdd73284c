//! B3, as Zipkin and older meshes speak it: <https://github.com/openzipkin/b3-propagation>.

use super::header;
use crate::trace::TraceParent;

/// What a caller says of its trace.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// `None` when it says nothing but a decision.
    pub(super) trace: Option<TraceParent>,
    /// `None` leaves the decision to us.
    pub(super) verdict: Option<bool>,
    pub(super) is_debug: bool,
    pub(super) is_w3c: bool,
}

impl Found {
    pub(super) const fn of_w3c(caller: TraceParent) -> Self {
        Self {
            trace: Some(caller),
            verdict: Some(caller.sampled),
            is_debug: false,
            is_w3c: true,
        }
    }

    fn of_b3(trace: Option<TraceParent>, state: State) -> Self {
        let verdict = state.verdict();
        let sampled = verdict.unwrap_or_default();
        Self {
            trace: trace.map(|trace| TraceParent { sampled, ..trace }),
            verdict,
            is_debug: state == State::Debug,
            is_w3c: false,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Deferred,
    Denied,
    Accepted,
    Debug,
}

impl State {
    const fn verdict(self) -> Option<bool> {
        match self {
            Self::Deferred => None,
            Self::Denied => Some(false),
            Self::Accepted | Self::Debug => Some(true),
        }
    }

    /// `true` and `false` are what tracers sent before there was a specification.
    fn parse(text: &[u8]) -> Option<Self> {
        match text {
            b"0" | b"false" => Some(Self::Denied),
            b"1" | b"true" => Some(Self::Accepted),
            b"d" => Some(Self::Debug),
            _ => None,
        }
    }
}

/// `<trace>-<span>`, `<trace>-<span>-<state>`, `<trace>-<span>-<state>-<parent>`, or `<state>`. One bad part makes all of it
/// malformed.
pub(super) fn parse_single(header: &[u8]) -> Option<Found> {
    let mut parts = header.trim_ascii().split(|byte| *byte == b'-');
    let first = parts.next()?;
    let Some(span_id) = parts.next() else {
        return Some(Found::of_b3(None, State::parse(first)?));
    };
    let state = parts.next().map_or(Some(State::Deferred), State::parse)?;
    let is_parent = |id: &[u8]| crate::hex::decode::<8>(id).is_some();
    if !parts.next().is_none_or(is_parent) || parts.next().is_some() {
        return None;
    }
    Some(Found::of_b3(Some(trace(first, span_id)?), state))
}

/// `x-b3-traceid`, `x-b3-spanid`, `x-b3-sampled`, `x-b3-flags`. Bad ids leave the decision, and the other way round.
pub(super) fn parse_multi(headers: [Option<&[u8]>; 4]) -> Option<Found> {
    let [trace_id, span_id, sampled, flags] = headers.map(|header| header.map(<[u8]>::trim_ascii));
    let trace = trace_id
        .zip(span_id)
        .and_then(|(trace_id, span_id)| trace(trace_id, span_id));
    // Debug has a header of its own here.
    let said = sampled.and_then(State::parse);
    let said = said.filter(|state| *state != State::Debug);
    let debug = (flags == Some(b"1")).then_some(State::Debug);
    let state = debug.or(said);
    let is_any = trace.is_some() || state.is_some();
    is_any.then(|| Found::of_b3(trace, state.unwrap_or(State::Deferred)))
}

/// Ids of 64 bits are padded on the left.
fn trace(trace_id: &[u8], span_id: &[u8]) -> Option<TraceParent> {
    let mut padded = [b'0'; 32];
    let trace_id = match trace_id.len() {
        16 => {
            padded[16..].copy_from_slice(trace_id);
            &padded
        }
        _ => trace_id,
    };
    TraceParent::of_ids(trace_id, span_id, false)
}

/// `<trace>-<span>-<state>`.
pub(super) fn single(from: &TraceParent, is_debug: bool) -> [u8; 51] {
    let mut text = [0; 51];
    // The ids stand in `traceparent` as they do here.
    text.copy_from_slice(&from.to_ascii()[3..54]);
    text[50] = match (is_debug, from.sampled) {
        (true, _) => b'd',
        (false, true) => b'1',
        (false, false) => b'0',
    };
    text
}

/// Debug implies the decision, which is not sent then.
pub(super) fn multi(from: &TraceParent, is_debug: bool, put: &mut impl FnMut(&'static str, &[u8])) {
    let ids = from.to_ascii();
    put(header::B3_TRACE_ID, &ids[3..35]);
    put(header::B3_SPAN_ID, &ids[36..52]);
    if is_debug {
        put(header::B3_FLAGS, b"1");
    } else {
        put(header::B3_SAMPLED, if from.sampled { b"1" } else { b"0" });
    }
}
