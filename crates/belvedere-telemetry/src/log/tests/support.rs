//! Lines with a fixed time, and a reader that refuses what a lenient one lets pass.

use std::{
    fmt,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use belvedere_core::Redactor;
use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Visitor},
};
use serde_json::{Map, Value};
use tracing::{Event, Subscriber, subscriber::with_default};
use tracing_subscriber::{Layer, Registry, layer::Context, layer::SubscriberExt};

use crate::log::{
    StaticFields,
    line::{Scratch, Style},
};

pub(super) fn moment() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_micros(1_769_847_330_000_042)
}

pub(super) fn style() -> Style {
    Style {
        fixed: StaticFields::new("shop", "test", "1.2.3"),
        redactor: Redactor::new(["iban".to_owned()]).into(),
    }
}

#[derive(Clone)]
struct Capture {
    text: Arc<Mutex<String>>,
    style: Arc<Style>,
    /// Knows all events so far.
    scratch: Arc<Mutex<Scratch>>,
}

impl Capture {
    fn new() -> Self {
        Self {
            text: Arc::default(),
            style: style().into(),
            scratch: Arc::default(),
        }
    }

    fn render(&self, scratch: &mut Scratch, event: &Event<'_>) -> String {
        scratch.render(&self.style, moment(), event.metadata(), |visitor| {
            event.record(visitor);
        });
        String::from_utf8(scratch.line.clone()).unwrap()
    }
}

impl<S: Subscriber> Layer<S> for Capture {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let text = self.render(&mut Scratch::default(), event);
        for _ in 0..2 {
            let again = self.render(&mut self.scratch.lock().unwrap(), event);
            assert_eq!(again, text, "known or not, an event is the same line");
        }
        self.text.lock().unwrap().push_str(&text);
    }
}

/// What `log` leaves behind.
pub(super) fn line(log: impl FnOnce()) -> String {
    let capture = Capture::new();
    with_default(Registry::default().with(capture.clone()), log);
    let text = capture.text.lock().unwrap();
    text.clone()
}

/// The members of a line that is one JSON object of plain values, with no key twice.
pub(super) fn parsed(line: &str) -> Map<String, Value> {
    strict(line).0
}

/// Its keys in the order in which they stand.
pub(super) fn keys(line: &str) -> Vec<String> {
    strict(line).1
}

fn strict(line: &str) -> Strict {
    let text = line.strip_suffix('\n').unwrap();
    assert!(!text.contains(['\n', '\r']), "more than one line: {text}");
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

struct Strict(Map<String, Value>, Vec<String>);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(StrictVisitor)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Strict;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of plain values")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Strict, A::Error> {
        let (mut members, mut keys) = (Map::new(), Vec::new());
        while let Some((key, value)) = map.next_entry::<String, Value>()? {
            if value.is_object() || value.is_array() {
                return Err(A::Error::custom(format_args!("{key} is nested")));
            }
            keys.push(key.clone());
            if members.insert(key.clone(), value).is_some() {
                return Err(A::Error::custom(format_args!("{key} stands twice")));
            }
        }
        Ok(Strict(members, keys))
    }
}
