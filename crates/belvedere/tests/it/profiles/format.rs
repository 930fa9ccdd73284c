//! What `pprof` reads, read by its field numbers alone: nothing here knows how it was written.
//! <https://github.com/google/pprof/blob/main/proto/profile.proto>

use std::{collections::HashMap, io::Read};

use flate2::read::GzDecoder;

/// One field of a protobuf message.
enum Field<'b> {
    Number(u64),
    Bytes(&'b [u8]),
}

impl<'b> Field<'b> {
    fn number(&self) -> u64 {
        match self {
            Self::Number(number) => *number,
            Self::Bytes(_) => panic!("a number was expected"),
        }
    }

    fn bytes(&self) -> &'b [u8] {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Number(_) => panic!("bytes were expected"),
        }
    }

    /// Packed or not.
    fn numbers(&self) -> Vec<u64> {
        let mut numbers = Vec::new();
        match self {
            Self::Number(number) => numbers.push(*number),
            Self::Bytes(bytes) => {
                let mut rest = *bytes;
                while !rest.is_empty() {
                    numbers.push(varint(&mut rest));
                }
            }
        }
        numbers
    }
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first().expect("a number has an end");
        *bytes = rest;
        number |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            break;
        }
    }
    number
}

fn fields(mut bytes: &[u8]) -> Vec<(u64, Field<'_>)> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes);
        let field = match key & 7 {
            0 => Field::Number(varint(&mut bytes)),
            2 => {
                let length = varint(&mut bytes) as usize;
                let (field, rest) = bytes.split_at(length);
                bytes = rest;
                Field::Bytes(field)
            }
            kind => panic!("there is no field of kind {kind} in a profile"),
        };
        fields.push((key >> 3, field));
    }
    fields
}

fn first(message: &[u8], number: u64) -> u64 {
    let fields = fields(message);
    fields
        .iter()
        .find(|(at, _)| *at == number)
        .map_or(0, |(_, field)| field.number())
}

/// A profile: for each sample the names on its stack, and its last value.
pub(super) struct Profile(Vec<(Vec<String>, u64)>);

pub(super) fn read(gzipped: &[u8]) -> Profile {
    let mut bytes = Vec::new();
    GzDecoder::new(gzipped)
        .read_to_end(&mut bytes)
        .expect("it is gzipped");
    let fields = fields(&bytes);
    let all = |number| {
        fields
            .iter()
            .filter(move |(at, _)| *at == number)
            .map(|(_, field)| field)
    };
    let texts: Vec<_> = all(6)
        .map(|text| String::from_utf8_lossy(text.bytes()))
        .collect();
    assert_eq!(texts[0], "", "the first text is empty");
    let functions: HashMap<_, _> = all(5)
        .map(|function| {
            (
                first(function.bytes(), 1),
                texts[first(function.bytes(), 2) as usize].to_string(),
            )
        })
        .collect();
    let locations: HashMap<_, _> = all(4)
        .map(|location| names(location.bytes(), &functions))
        .collect();
    let samples = all(2).map(|sample| stack(sample.bytes(), &locations));
    Profile(samples.collect())
}

fn names(location: &[u8], functions: &HashMap<u64, String>) -> (u64, Vec<String>) {
    let lines = fields(location);
    let lines = lines.iter().filter(|(at, _)| *at == 4);
    let names = lines.map(|(_, line)| functions[&first(line.bytes(), 1)].clone());
    (first(location, 1), names.collect())
}

fn stack(sample: &[u8], locations: &HashMap<u64, Vec<String>>) -> (Vec<String>, u64) {
    let fields = fields(sample);
    let all = |number| {
        fields
            .iter()
            .filter(move |(at, _)| *at == number)
            .flat_map(|(_, field)| field.numbers())
    };
    let names = all(1)
        .flat_map(|location| locations[&location].clone())
        .collect();
    (names, all(2).last().expect("a sample has a value"))
}

impl Profile {
    /// The part of all that has this name on its stack.
    pub(super) fn share_of(&self, name: &str) -> f64 {
        let named = self
            .0
            .iter()
            .filter(|(names, _)| names.iter().any(|found| found.contains(name)));
        let part: u64 = named.map(|(_, value)| value).sum();
        part as f64 / self.total() as f64
    }

    /// Of CPU time.
    pub(super) fn seconds(&self) -> f64 {
        self.total() as f64 / 1e9
    }

    fn total(&self) -> u64 {
        self.0.iter().map(|(_, value)| value).sum()
    }
}
