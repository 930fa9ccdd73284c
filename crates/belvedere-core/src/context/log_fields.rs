use std::{borrow::Cow, ops::Range};

use super::Identity;
use crate::{hex, json::is_plain_json, names::field, redact::redact_cut, trace::TraceParent};

/// A longer path is cut in the log: a line has 16 KiB in all.
const MAX_PATH: usize = 1024;
/// Longer ids of tenants and users are cut likewise.
const MAX_ID: usize = 128;
/// What comes before each id: the keys of `names::field`, which a test holds against this.
const TRACE_ID: &str = ",\"trace_id\":\"";
const SPAN_ID: &str = ",\"span_id\":\"";
const SAMPLED: &str = ",\"trace_flags\":\"01\"";
const NOT_SAMPLED: &str = ",\"trace_flags\":\"00\"";
const REQUEST_ID: &str = ",\"request_id\":\"";
/// Room for the rendered context of a usual request.
const CAPACITY: usize = 288;

/// The request's context as JSON members, each with its leading comma: rendered once, copied into every line.
#[derive(Debug)]
pub(super) struct LogFields {
    text: String,
    /// Where the request's id stands, quotes not included.
    request_id_at: Range<usize>,
    /// It, where it does not stand there as it is: nobody who speaks HTTP has such a one.
    other_request_id: Option<Box<str>>,
    /// Where the identity goes in, once it is known.
    identity_at: usize,
    /// Where the path stands, quotes not included.
    path_at: Range<usize>,
    /// Whether the path stands there as it is.
    is_path_plain: bool,
}

impl LogFields {
    pub(super) fn render(own: &TraceParent, request_id: &str, route: &Route, path: &str) -> Self {
        let mut out = String::with_capacity(CAPACITY);
        push_hex(&mut out, TRACE_ID, own.trace_id.to_bytes());
        push_hex(&mut out, SPAN_ID, own.span_id.to_bytes());
        out.push_str(if own.sampled { SAMPLED } else { NOT_SAMPLED });
        out.push_str(REQUEST_ID);
        let request_id_begin = out.len();
        let is_request_id_plain = push_string(&mut out, request_id);
        let request_id_at = request_id_begin..out.len();
        out.push('"');
        let identity_at = out.len();
        out.push_str(&route.before_path);
        let path_begin = out.len();
        let is_path_plain = push_string(&mut out, &redact_cut(path, MAX_PATH));
        let path_at = path_begin..out.len();
        out.push_str(&route.after_path);
        Self {
            text: out,
            request_id_at,
            other_request_id: (!is_request_id_plain).then(|| request_id.into()),
            identity_at,
            path_at,
            is_path_plain,
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

    pub(super) fn request_id(&self) -> &str {
        let rendered = || &self.text[self.request_id_at.clone()];
        self.other_request_id.as_deref().unwrap_or_else(rendered)
    }

    /// The template, read back from its rendered form: it comes from code, and has nothing to escape.
    pub(super) fn route(&self) -> &str {
        let after_path = &self.text[self.path_at.end..];
        let (_, quoted) = after_path.split_once(':').unwrap_or_default();
        quoted.trim_matches('"')
    }

    /// The path, read back from its rendered form.
    pub(super) fn path(&self) -> Cow<'_, str> {
        let rendered = &self.text[self.path_at.clone()];
        if self.is_path_plain {
            return rendered.into();
        }
        let quoted = format!("\"{rendered}\"");
        let path: String = serde_json::from_str(&quoted).unwrap_or_default();
        path.into()
    }
}

/// Method and route of a request, with what every log line says of them: rendered once for all requests of a kind.
#[derive(Debug)]
pub struct Route {
    /// `,"method":"GET","path":"`
    before_path: Box<str>,
    /// `","route":"/v1/orders/{id}"`
    after_path: Box<str>,
}

impl Route {
    /// Of work that is no request: its lines have neither method nor path nor route.
    pub fn outside() -> Self {
        Self {
            before_path: Box::default(),
            after_path: Box::default(),
        }
    }

    /// `method` out of the closed set, `route` as its template.
    pub fn new(method: &str, route: &str) -> Self {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let (method, route) = (quoted(method), quoted(route));
        Self {
            before_path: format!(",\"{}\":{method},\"{}\":\"", field::METHOD, field::PATH).into(),
            after_path: format!("\",\"{}\":{route}", field::ROUTE).into(),
        }
    }
}

fn cut(text: &str, length: usize) -> &str {
    &text[..text.floor_char_boundary(length)]
}

fn push_member(out: &mut Vec<u8>, key: &str, value: &str) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(key.as_bytes());
    out.extend_from_slice(b"\":");
    serde_json::to_writer(out, value).expect("a string is JSON, and a vector takes all of it");
}

/// The inside of a JSON string. Returns whether it is `text` itself, as nearly every path is.
fn push_string(out: &mut String, text: &str) -> bool {
    let is_plain = is_plain_json(text);
    if is_plain {
        out.push_str(text);
    } else {
        let quoted = serde_json::Value::from(text).to_string();
        out.push_str(&quoted[1..quoted.len() - 1]);
    }
    is_plain
}

/// Ids are most of what is rendered: without a formatter.
fn push_hex<const N: usize>(out: &mut String, key: &str, bytes: [u8; N]) {
    let pairs = hex::encode(bytes);
    out.push_str(key);
    out.push_str(str::from_utf8(pairs.as_flattened()).expect("digits are ASCII"));
    out.push('"');
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
