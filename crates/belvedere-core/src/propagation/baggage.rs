use std::{borrow::Cow, fmt, str::FromStr};

use percent_encoding::percent_decode_str;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// More members are dropped.
const MAX_MEMBERS: usize = 10;
/// So is what does not fit into this any more.
const MAX_BYTES: usize = 1024;

/// What callers send along (W3C Baggage), as far as `TRACE__BAGGAGE_KEYS` lets it in: at most 10 keys and 1 KiB.
///
/// In no log, span or metric by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baggage {
    /// Members as they came, without the space around them.
    text: String,
}

impl Baggage {
    /// What `key` says, decoded. Of a key that is there twice the first counts.
    pub fn get(&self, key: &str) -> Option<Cow<'_, str>> {
        let mut members = self
            .text
            .split(',')
            .filter_map(|member| member.split_once('='));
        let (_, value) = members.find(|(known, _)| *known == key)?;
        let value = value.split(';').next().unwrap_or_default();
        Some(percent_decode_str(value).decode_utf8_lossy())
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// As it is handed on.
    pub const fn as_str(&self) -> &str {
        self.text.as_str()
    }

    /// Several headers are one list. A malformed member is dropped alone.
    pub(super) fn parse(headers: &[&[u8]], keys: &BaggageKeys) -> Self {
        let mut kept = Self::default();
        if keys.0.is_empty() || headers.is_empty() {
            return kept;
        }
        let members = headers
            .iter()
            .flat_map(|header| header.split(|byte| *byte == b','));
        let members = members.filter_map(Member::parse);
        for member in members
            .filter(|member| keys.allows(member.key))
            .take(MAX_MEMBERS)
        {
            kept.push(&member);
        }
        kept
    }

    fn push(&mut self, member: &Member<'_>) {
        let comma = usize::from(!self.text.is_empty());
        let bytes = comma + member.key.len() + 1 + member.rest.len();
        if self.text.len() + bytes > MAX_BYTES {
            return;
        }
        self.text.push_str(&","[..comma]);
        self.text.push_str(member.key);
        self.text.push('=');
        self.text.push_str(member.rest);
    }
}

/// `key=value;property`. Whether its key is one, the list of keys knows.
struct Member<'h> {
    key: &'h str,
    /// The value, and what it says of itself.
    rest: &'h str,
}

impl<'h> Member<'h> {
    fn parse(bytes: &'h [u8]) -> Option<Self> {
        let text = str::from_utf8(bytes).ok()?;
        let (key, rest) = text.split_once('=')?;
        let (key, rest) = (key.trim_ascii(), rest.trim_ascii());
        let value = rest.split(';').next()?.trim_ascii_end();
        let is_property = |byte: u8| is_octet(byte) || b"; \t".contains(&byte);
        let is_good = value.bytes().all(is_octet) && rest.bytes().all(is_property);
        is_good.then_some(Self { key, rest })
    }
}

/// `baggage-octet`: what a value may hold before it is decoded.
const fn is_octet(byte: u8) -> bool {
    matches!(byte, b'!' | b'#'..=b'+' | b'-'..=b':' | b'<'..=b'[' | b']'..=b'~')
}

/// RFC 9110, section 5.6.2.
fn is_token(text: &str) -> bool {
    let is_ours = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_ours)
}

/// The keys that may come in; all others are dropped. Default: none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BaggageKeys(Vec<String>);

impl BaggageKeys {
    fn allows(&self, key: &str) -> bool {
        self.0.iter().any(|known| known == key)
    }
}

impl fmt::Display for BaggageKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(","))
    }
}

/// A comma-separated list.
impl FromStr for BaggageKeys {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let keys = text.split(',').map(str::trim).filter(|key| !key.is_empty());
        let keys: Vec<_> = keys.map(ToOwned::to_owned).collect();
        match keys.iter().find(|key| !is_token(key)) {
            Some(key) => Err(format!("{key:?} is no key of baggage, e.g. `plan`")),
            None => Ok(Self(keys)),
        }
    }
}

impl<'de> Deserialize<'de> for BaggageKeys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

impl Serialize for BaggageKeys {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(header: &str) -> Baggage {
        let keys = "plan,region,k0,k1,k2,k3,k4,k5,k6,k7,k8,k9,k10"
            .parse()
            .unwrap();
        Baggage::parse(&[header.as_bytes()], &keys)
    }

    #[test]
    fn what_is_let_in_is_handed_on_as_it_came_and_read_decoded() {
        let baggage = parsed(" plan = gr%C3%BCn;kind=x ; y , other=1,\tregion=a%2Cb");
        assert_eq!(baggage.as_str(), "plan=gr%C3%BCn;kind=x ; y,region=a%2Cb");
        assert_eq!(baggage.get("plan").as_deref(), Some("grün"));
        assert_eq!(baggage.get("region").as_deref(), Some("a,b"));
        assert_eq!(baggage.get("other"), None);
    }

    #[test]
    fn a_malformed_member_is_dropped_alone() {
        for bad in [
            "plan",
            "=1",
            "plan=a b",
            "plan=\"a\"",
            "plan=a\\b",
            "plan=\u{e9}",
            "pl an=1",
            "plan=1;\u{1}",
        ] {
            assert_eq!(
                parsed(&format!("{bad},region=eu")).as_str(),
                "region=eu",
                "{bad}"
            );
        }
    }

    #[test]
    fn of_a_key_that_is_there_twice_the_first_counts() {
        assert_eq!(parsed("plan=a,plan=b").get("plan").as_deref(), Some("a"));
    }

    #[test]
    fn at_most_ten_members_and_1_kib_come_in() {
        let many: Vec<_> = (0..11).map(|at| format!("k{at}=1")).collect();
        assert_eq!(parsed(&many.join(",")).as_str(), many[..10].join(","));
        let full = format!("plan={}", "x".repeat(MAX_BYTES - 5));
        assert_eq!(parsed(&full).as_str(), full);
        assert_eq!(parsed(&format!("{full}x,region=eu")).as_str(), "region=eu");
        assert_eq!(parsed(&format!("{full},region=eu")).as_str(), full);
    }

    #[test]
    fn a_list_of_keys_survives_its_own_text_and_a_bad_one_is_named() {
        let keys: BaggageKeys = "plan, region,".parse().unwrap();
        assert_eq!(keys.to_string(), "plan,region");
        let error = "plan,a b".parse::<BaggageKeys>().unwrap_err();
        assert!(error.contains("\"a b\""), "{error}");
    }
}
