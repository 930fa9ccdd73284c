//! Protobuf's wire format, as far as OTLP needs it (protobuf.dev/programming-guides/encoding).

use std::iter;

/// A varint, or a fixed number of bytes, or a length and that many bytes.
const VARINT: u32 = 0;
const FIXED64: u32 = 1;
const LENGTH: u32 = 2;
const FIXED32: u32 = 5;
/// Bytes of a batch after which no entry is added: collectors take messages of up to 4 MiB unless told otherwise, and no entry
/// of ours comes near to the rest.
const MAX_BATCH_BYTES: usize = 2 * 1024 * 1024;
/// What [`nested`] sets aside: the length of nearly every message it is used for.
const USUAL_LENGTH: usize = 2;

pub(super) fn bytes(out: &mut Vec<u8>, field: u32, bytes: &[u8]) {
    message(out, field, bytes.len());
    out.extend_from_slice(bytes);
}

/// The tag and length of a message whose `length` bytes the caller appends.
pub(super) fn message(out: &mut Vec<u8>, field: u32, length: usize) {
    varint(out, tag(field, LENGTH));
    varint(out, length as u64);
}

pub(super) fn unsigned(out: &mut Vec<u8>, field: u32, value: u64) {
    varint(out, tag(field, VARINT));
    varint(out, value);
}

pub(super) fn fixed64(out: &mut Vec<u8>, field: u32, value: u64) {
    varint(out, tag(field, FIXED64));
    out.extend_from_slice(&value.to_le_bytes());
}

pub(super) fn fixed32(out: &mut Vec<u8>, field: u32, value: u32) {
    varint(out, tag(field, FIXED32));
    out.extend_from_slice(&value.to_le_bytes());
}

/// A message whose length is known only after `write`. Two bytes are set aside for it, and moved if it takes other than two.
pub(super) fn nested(out: &mut Vec<u8>, field: u32, write: impl FnOnce(&mut Vec<u8>)) {
    varint(out, tag(field, LENGTH));
    let length_at = out.len();
    out.extend_from_slice(&[0; USUAL_LENGTH]);
    let begin = out.len();
    write(out);
    let mut length = Vec::new();
    let value = (out.len() - begin) as u64;
    if varint_len(value) == USUAL_LENGTH {
        out[length_at] = value as u8 | 0x80;
        out[length_at + 1] = (value >> 7) as u8;
        return;
    }
    varint(&mut length, value);
    out.splice(length_at..begin, length);
}

/// Splits `count` entries that [`nested`] wrote one after the other into batches of at most `most`, each with its count.
pub(super) fn batches(
    mut entries: &[u8],
    mut count: usize,
    most: usize,
) -> impl Iterator<Item = (&[u8], usize)> {
    iter::from_fn(move || {
        let (length, now) = first_batch(entries, count.min(most));
        let (batch, rest) = entries.split_at(length);
        (entries, count) = (rest, count - now);
        (now > 0).then_some((batch, now))
    })
}

/// Bytes and number of the entries that go into one batch, of at most `most`.
fn first_batch(entries: &[u8], most: usize) -> (usize, usize) {
    let mut rest = entries;
    let mut count = 0;
    while count < most && entries.len() - rest.len() < MAX_BATCH_BYTES {
        rest = after_entry(rest);
        count += 1;
    }
    (entries.len() - rest.len(), count)
}

fn after_entry(entries: &[u8]) -> &[u8] {
    let (mut length, mut shift) = (0, 0);
    // The tag of a field up to 15 takes one byte.
    for (at, byte) in entries.iter().enumerate().skip(1) {
        length |= usize::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            return entries.get(at + 1 + length..).unwrap_or_default();
        }
    }
    &[]
}

/// Bytes that a field of `length` bytes takes with its tag, for fields up to 15.
pub(super) const fn field_len(length: usize) -> usize {
    1 + varint_len(length as u64) + length
}

pub(super) const fn varint_len(value: u64) -> usize {
    // Seven bits a byte, one byte for 0.
    (70 - (value | 1).leading_zeros() as usize) / 7
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// The tag of a message in a field up to 15: one byte.
pub(super) const fn short_tag(field: u32) -> u8 {
    tag(field, LENGTH) as u8
}

const fn tag(field: u32, kind: u32) -> u64 {
    (field << 3 | kind) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_of_a_varint_is_known_beforehand() {
        for value in (0..64).flat_map(|bit| [(1_u64 << bit) - 1, 1 << bit, u64::MAX >> bit]) {
            let mut out = Vec::new();
            varint(&mut out, value);
            assert_eq!(out.len(), varint_len(value), "{value}");
        }
    }

    #[test]
    fn entries_are_told_apart_by_their_lengths() {
        let mut entries = Vec::new();
        let ends = [0, 5, 200, 20_000, 1].map(|length| {
            nested(&mut entries, 2, |out| out.resize(out.len() + length, 0xff));
            entries.len()
        });
        let batches: Vec<_> = batches(&entries, 5, 2).collect();
        let counts: Vec<_> = batches.iter().map(|(_, count)| *count).collect();
        assert_eq!(counts, [2, 2, 1]);
        assert_eq!(batches[0].0, &entries[..ends[1]]);
        assert_eq!(batches[1].0, &entries[ends[1]..ends[3]]);
        assert_eq!(batches[2].0, &entries[ends[3]..]);
    }

    #[test]
    fn a_batch_of_large_entries_ends_before_a_collector_would_refuse_it() {
        let mut entries = Vec::new();
        for _ in 0..5 {
            nested(&mut entries, 2, |out| out.resize(out.len() + 900_000, 1));
        }
        let counts: Vec<_> = batches(&entries, 5, 512).map(|(_, count)| count).collect();
        assert_eq!(counts, [3, 2]);
    }

    #[test]
    fn a_nested_message_of_any_length_has_its_length_before_it() {
        for length in [0, 1, 127, 128, 16_383, 16_384, 3_000_000] {
            let mut out = b"before".to_vec();
            nested(&mut out, 2, |out| out.resize(out.len() + length, 7));
            let mut plain = b"before".to_vec();
            bytes(&mut plain, 2, &vec![7; length]);
            assert_eq!(out, plain, "{length}");
        }
    }
}
