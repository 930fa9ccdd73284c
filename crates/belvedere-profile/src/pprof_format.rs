//! The format of <https://github.com/google/pprof/blob/main/proto/profile.proto>, as far as it is used here.

use std::{
    collections::HashMap,
    io::{self, Write},
    time::{Duration, SystemTime},
};

use flate2::{Compression, write::GzEncoder};
use prost::Message;

use crate::{
    FREQUENCY,
    stacks::{Call, Stacks},
};

const PERIOD_NANOS: i64 = 1_000_000_000 / FREQUENCY as i64;

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Profile {
    #[prost(message, repeated, tag = "1")]
    sample_type: Vec<ValueType>,
    #[prost(message, repeated, tag = "2")]
    sample: Vec<Sample>,
    #[prost(message, repeated, tag = "4")]
    location: Vec<Location>,
    #[prost(message, repeated, tag = "5")]
    function: Vec<Function>,
    #[prost(string, repeated, tag = "6")]
    string_table: Vec<String>,
    #[prost(int64, tag = "9")]
    time_nanos: i64,
    #[prost(int64, tag = "10")]
    duration_nanos: i64,
    #[prost(message, optional, tag = "11")]
    period_type: Option<ValueType>,
    #[prost(int64, tag = "12")]
    period: i64,
}

#[derive(Clone, PartialEq, Message)]
struct ValueType {
    #[prost(int64, tag = "1")]
    r#type: i64,
    #[prost(int64, tag = "2")]
    unit: i64,
}

#[derive(Clone, PartialEq, Message)]
struct Sample {
    /// The innermost call first.
    #[prost(uint64, repeated, tag = "1")]
    location_id: Vec<u64>,
    #[prost(int64, repeated, tag = "2")]
    value: Vec<i64>,
    #[prost(message, repeated, tag = "3")]
    label: Vec<Label>,
}

#[derive(Clone, PartialEq, Message)]
struct Label {
    #[prost(int64, tag = "1")]
    key: i64,
    #[prost(int64, tag = "2")]
    str: i64,
}

#[derive(Clone, PartialEq, Message)]
struct Location {
    #[prost(uint64, tag = "1")]
    id: u64,
    #[prost(message, repeated, tag = "4")]
    line: Vec<Line>,
}

#[derive(Clone, PartialEq, Message)]
struct Line {
    #[prost(uint64, tag = "1")]
    function_id: u64,
    #[prost(int64, tag = "2")]
    line: i64,
}

#[derive(Clone, PartialEq, Message)]
struct Function {
    #[prost(uint64, tag = "1")]
    id: u64,
    #[prost(int64, tag = "2")]
    name: i64,
    #[prost(int64, tag = "3")]
    system_name: i64,
    #[prost(int64, tag = "4")]
    filename: i64,
}

impl Profile {
    pub(crate) fn of(stacks: &Stacks, at: SystemTime, took: Duration) -> Self {
        let mut writing = Writing::default();
        writing.text("");
        let cpu = writing.value_type("cpu", "nanoseconds");
        writing.profile.sample_type = vec![writing.value_type("samples", "count"), cpu.clone()];
        writing.profile.period_type = Some(cpu);
        writing.profile.period = PERIOD_NANOS;
        let since = at
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        writing.profile.time_nanos = nanos(since);
        writing.profile.duration_nanos = nanos(took);
        for stack in &stacks.0 {
            let location_id = stack
                .calls
                .iter()
                .rev()
                .map(|call| writing.location(call))
                .collect();
            let count = i64::try_from(stack.count).unwrap_or(i64::MAX);
            let label = Label {
                key: writing.text("thread"),
                str: writing.text(&stack.thread),
            };
            writing.profile.sample.push(Sample {
                location_id,
                value: vec![count, count.saturating_mul(PERIOD_NANOS)],
                label: vec![label],
            });
        }
        writing.profile
    }

    pub(crate) fn compress(&self) -> io::Result<Vec<u8>> {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        gzip.write_all(&self.encode_to_vec())?;
        gzip.finish()
    }
}

fn nanos(time: Duration) -> i64 {
    i64::try_from(time.as_nanos()).unwrap_or(i64::MAX)
}

/// Each text and each call is written once.
#[derive(Default)]
struct Writing<'s> {
    profile: Profile,
    texts: HashMap<&'s str, i64>,
    locations: HashMap<&'s Call, u64>,
    functions: HashMap<(&'s str, &'s str), u64>,
}

impl<'s> Writing<'s> {
    fn text(&mut self, text: &'s str) -> i64 {
        let table = &mut self.profile.string_table;
        *self.texts.entry(text).or_insert_with(|| {
            table.push(text.to_owned());
            nth(table) as i64 - 1
        })
    }

    fn value_type(&mut self, name: &'s str, unit: &'s str) -> ValueType {
        let (r#type, unit) = (self.text(name), self.text(unit));
        ValueType { r#type, unit }
    }

    fn location(&mut self, call: &'s Call) -> u64 {
        if let Some(known) = self.locations.get(call) {
            return *known;
        }
        let function_id = self.function(call);
        let line = Line {
            function_id,
            line: call.line.into(),
        };
        let id = nth(&self.profile.location) + 1;
        self.profile.location.push(Location {
            id,
            line: vec![line],
        });
        self.locations.insert(call, id);
        id
    }

    fn function(&mut self, call: &'s Call) -> u64 {
        let key = (&*call.name, &*call.file);
        if let Some(known) = self.functions.get(&key) {
            return *known;
        }
        let (name, filename) = (self.text(key.0), self.text(key.1));
        let id = nth(&self.profile.function) + 1;
        let function = Function {
            id,
            name,
            system_name: name,
            filename,
        };
        self.profile.function.push(function);
        self.functions.insert(key, id);
        id
    }
}

fn nth<T>(table: &[T]) -> u64 {
    table.len() as u64
}
