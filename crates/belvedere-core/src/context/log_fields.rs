use super::Identity;
use crate::{names::field, trace::TraceParent};

/// A longer path is cut in the log: a line has 16 KiB in all.
const MAX_PATH: usize = 1024;
/// Longer ids of tenants and users are cut likewise.
const MAX_ID: usize = 128;
/// Room for the rendered context of a usual request.
const CAPACITY: usize = 288;

/// The request's context as JSON members, each with its leading comma: rendered once, copied into every line.
#[derive(Debug)]
pub(super) struct LogFields {
    text: String,
    /// Where the identity goes in, once it is known.
    identity_at: usize,
    /// Where the path's JSON string begins.
    path_at: usize,
}

impl LogFields {
    pub(super) fn render(
        own: &TraceParent,
        request_id: &str,
        [method, path, route]: [&str; 3],
    ) -> Self {
        let mut out = Vec::with_capacity(CAPACITY);
        push_hex(&mut out, field::TRACE_ID, &own.trace_id.to_bytes());
        push_hex(&mut out, field::SPAN_ID, &own.span_id.to_bytes());
        push_hex(&mut out, field::TRACE_FLAGS, &[u8::from(own.sampled)]);
        push_member(&mut out, field::REQUEST_ID, request_id);
        let identity_at = out.len();
        push_member(&mut out, field::METHOD, method);
        let path_at = out.len() + key_len(field::PATH);
        push_member(&mut out, field::PATH, cut(path, MAX_PATH));
        push_member(&mut out, field::ROUTE, route);
        Self {
            text: String::from_utf8(out).expect("JSON of strings is UTF-8"),
            identity_at,
            path_at,
        }
    }

    pub(super) fn write(&self, identity: Option<&Identity>, out: &mut Vec<u8>) {
        let (ids, request) = self.text.split_at(self.identity_at);
        out.extend_from_slice(ids.as_bytes());
        if let Some(identity) = identity {
            push_member(out, field::TENANT_ID, cut(&identity.tenant_id, MAX_ID));
            if let Some(user_id) = &identity.user_id {
                push_member(out, field::USER_ID, cut(user_id, MAX_ID));
            }
        }
        out.extend_from_slice(request.as_bytes());
    }

    pub(super) fn write_except(
        &self,
        identity: Option<&Identity>,
        out: &mut Vec<u8>,
        skip: impl Fn(&str) -> bool,
    ) {
        let mut all = Vec::with_capacity(CAPACITY);
        self.write(identity, &mut all);
        for member in members(&all) {
            if !skip(member_key(member)) {
                out.extend_from_slice(member);
            }
        }
    }

    /// The path, read back from its rendered form.
    pub(super) fn path(&self) -> String {
        let rendered = &self.text[self.path_at..];
        let mut strings = serde_json::Deserializer::from_str(rendered).into_iter::<String>();
        strings.next().and_then(Result::ok).unwrap_or_default()
    }
}

fn cut(text: &str, length: usize) -> &str {
    &text[..text.floor_char_boundary(length)]
}

const fn key_len(key: &str) -> usize {
    r#","":"#.len() + key.len()
}

fn push_key(out: &mut Vec<u8>, key: &str) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(key.as_bytes());
    out.extend_from_slice(b"\":");
}

fn push_member(out: &mut Vec<u8>, key: &str, value: &str) {
    push_key(out, key);
    serde_json::to_writer(out, value).expect("a string is JSON, and a vector takes all of it");
}

/// Ids are most of what is rendered: without a formatter.
fn push_hex(out: &mut Vec<u8>, key: &str, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    push_key(out, key);
    out.push(b'"');
    for byte in bytes {
        out.push(DIGITS[usize::from(byte >> 4)]);
        out.push(DIGITS[usize::from(byte & 15)]);
    }
    out.push(b'"');
}

/// Splits `,"key":"value","key":"value"` before each comma that stands outside a string.
fn members(mut json: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (mut quoted, mut escaped) = (false, false);
        let end = json.iter().skip(1).position(|&byte| {
            let ends = byte == b',' && !quoted;
            quoted ^= byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            ends
        });
        let (member, rest) = json.split_at(end.map_or(json.len(), |end| end + 1));
        json = rest;
        (!member.is_empty()).then_some(member)
    })
}

/// The key of `,"key":...`.
fn member_key(member: &[u8]) -> &str {
    let after_quote = member.get(2..).unwrap_or_default();
    let key = after_quote.split(|&byte| byte == b'"').next();
    key.and_then(|key| std::str::from_utf8(key).ok())
        .unwrap_or_default()
}
