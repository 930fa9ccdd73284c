//! Whatever an event says, it is one valid line of at most 16 KiB.

use belvedere_core::names::field;
use fastrand::Rng;

use super::{
    events::{Value, context, name, render, value},
    support::{keys, parsed},
};
use crate::log::line::MAX_LINE;

const HEAD: [&str; 7] = [
    "timestamp",
    "level",
    "message",
    "target",
    "service",
    "environment",
    "version",
];

/// Head, context, the event's own fields as they were said, and the mark.
fn assert_order(line: &str, own: &[&str]) {
    let keys = keys(line);
    assert_eq!(keys[..HEAD.len()], HEAD, "{line}");
    let places = |key: &str| {
        let is_said_as =
            |name: &str| name == key || !name.is_empty() && key == format!("field.{name}");
        let said = own.iter().position(|name| is_said_as(name));
        let of_context = field::CONTEXT.iter().position(|name| *name == key);
        let mark = (key == "truncated").then_some(usize::MAX);
        of_context
            .into_iter()
            .chain(said.map(|at| 100 + at))
            .chain(mark)
    };
    keys[HEAD.len()..].iter().fold(0, |before, key| {
        // A field that found no room leaves the context's in its place.
        let place = places(key).find(|place| *place >= before);
        place.unwrap_or_else(|| panic!("{key:?} is out of place: {keys:?}"))
    });
}

#[test]
fn every_event_is_one_valid_line_within_its_limit() {
    for seed in 0..3000 {
        let mut rng = Rng::with_seed(seed);
        let fields: Vec<_> = (0..rng.usize(..30))
            .map(|_| (name(&mut rng), value(&mut rng)))
            .collect();
        let line = if rng.bool() {
            context(&mut rng).enter(|| render(&fields))
        } else {
            render(&fields)
        };
        assert!(line.len() <= MAX_LINE, "seed {seed}: {} bytes", line.len());
        let members = parsed(&line);
        assert_order(&line, &said(&fields));
        for (name, value) in first_of_each(&fields) {
            // One that found no room leaves the context's in its place.
            if members.contains_key("truncated") && field::CONTEXT.contains(name) {
                continue;
            }
            let Some(shown) = members.get(*name) else {
                continue;
            };
            assert!(
                value.is_shown_by(shown),
                "seed {seed}: {name:?} {value:?} {shown}"
            );
        }
    }
}

/// The names in their order; what became the message or the level is none.
fn said(fields: &[(&'static str, Value)]) -> Vec<&'static str> {
    let became = |name: &str, value: &Value| match value {
        Value::Str(_) | Value::Debug(_) => name == "message",
        Value::Bool(flag) => name == "critical" && *flag,
        _ => false,
    };
    let names = fields.iter();
    names
        .map(|(name, value)| if became(name, value) { "<none>" } else { name })
        .collect()
}

/// Names that are keys as they stand, each with its first value.
fn first_of_each<'f>(
    fields: &'f [(&'static str, Value)],
) -> impl Iterator<Item = &'f (&'static str, Value)> {
    let plain = |name: &str| !HEAD.contains(&name) && !name.starts_with("field.");
    let own = move |name: &str| plain(name) && !["critical", "truncated"].contains(&name);
    let first = |at: usize, name: &str| fields[..at].iter().all(|(earlier, _)| *earlier != name);
    let fields = fields.iter().enumerate();
    fields
        .filter(move |(at, (name, _))| own(name) && first(*at, name))
        .map(|(_, field)| field)
}
