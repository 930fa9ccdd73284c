//! `tracestate` (W3C Trace Context, section 3.3): checked, and handed on as it came.

/// A longer one is dropped: the standard lets nobody count on more.
const MAX_BYTES: usize = 512;
/// As the standard says.
const MAX_MEMBERS: usize = 32;
/// Longest key without a tenant, and longest value.
const MAX_PART: usize = 256;
/// Longest parts of `tenant@system`.
const MAX_TENANT: usize = 241;
const MAX_SYSTEM: usize = 14;

/// Several headers are one list, in their order. `None`: empty, too long, or malformed anywhere.
pub(super) fn parse(headers: &[&[u8]]) -> Option<Box<str>> {
    if headers.is_empty() {
        return None;
    }
    let texts = headers.iter().map(|header| header.trim_ascii());
    let texts: Vec<_> = texts.filter(|header| !header.is_empty()).collect();
    let text = texts.join(&b',');
    (text.len() <= MAX_BYTES && is_list(&text))
        .then(|| String::from_utf8(text).ok())?
        .map(Box::from)
}

fn is_list(text: &[u8]) -> bool {
    let members = text.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
    let mut count = 0;
    let mut members = members.filter(|member| !member.is_empty());
    let all = members.all(|member| {
        count += 1;
        is_member(member)
    });
    all && (1..=MAX_MEMBERS).contains(&count)
}

fn is_member(member: &[u8]) -> bool {
    let equals = member.iter().position(|byte| *byte == b'=');
    equals.is_some_and(|at| is_key(&member[..at]) && is_value(&member[at + 1..]))
}

fn is_key(key: &[u8]) -> bool {
    match key.iter().position(|byte| *byte == b'@') {
        None => key.first().is_some_and(u8::is_ascii_lowercase) && is_part(key, MAX_PART),
        Some(at) => {
            let (tenant, system) = (&key[..at], &key[at + 1..]);
            is_part(tenant, MAX_TENANT)
                && tenant[0].is_ascii_alphanumeric()
                && is_part(system, MAX_SYSTEM)
                && system[0].is_ascii_lowercase()
        }
    }
}

fn is_part(part: &[u8], longest: usize) -> bool {
    let is_ours =
        |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-*/".contains(byte);
    (1..=longest).contains(&part.len()) && part.iter().all(is_ours)
}

fn is_value(value: &[u8]) -> bool {
    let is_ours = |byte: &u8| matches!(byte, b' '..=b'~') && *byte != b'=';
    (1..=MAX_PART).contains(&value.len()) && value.iter().all(is_ours)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(headers: &[&str]) -> Option<Box<str>> {
        let headers: Vec<_> = headers.iter().map(|header| header.as_bytes()).collect();
        parse(&headers)
    }

    /// The cases of the W3C's own test suite.
    #[test]
    fn a_good_list_is_handed_on_as_it_came() {
        let (long_key, long_tenant) = ("z".repeat(256), "t".repeat(241));
        let long_system = format!("{}@{}=1", &long_tenant, "v".repeat(14));
        let most: Vec<_> = (0..32).map(|at| format!("bar{at:02}={at:02}")).collect();
        for good in [
            "foo=1",
            "foo=1,bar=2",
            "foo=1 \t , \t bar=2, \t baz=3",
            "foo=1,",
            "foo=1,,bar=2",
            "foo=1,foo=1",
            "0a@b=1",
            "a_-*/0=~!\"#$%&'()*+-./:;<>?@[]^_`{|}",
            "foo= 1 2",
            &format!("{long_key}=1"),
            &long_system,
            &format!("a={}", "v".repeat(256)),
            &most.join(","),
        ] {
            assert_eq!(parsed(&[good]).as_deref(), Some(good));
        }
    }

    #[test]
    fn several_headers_are_one_list() {
        let all = parsed(&["foo=1", "", " bar=2", "baz=3"]).unwrap();
        assert_eq!(&*all, "foo=1,bar=2,baz=3");
    }

    #[test]
    fn a_bad_list_is_none() {
        let one_more: Vec<_> = (0..33).map(|at| format!("bar{at:02}={at:02}")).collect();
        for bad in [
            "",
            " ",
            ",",
            "foo",
            "foo=",
            "=1",
            "foo=,bar=3",
            "foo=bar=baz",
            "foo =1",
            "FOO=1",
            "foo.bar=1",
            "0foo=1",
            "foo@=1,bar=2",
            "@foo=1,bar=2",
            "foo@@bar=1,bar=2",
            "foo@bar@baz=1,bar=2",
            "foo@0bar=1",
            "foo=\u{e9}",
            "foo=a\tb",
            &format!("{}=1", "z".repeat(257)),
            &format!("{}@v=1", "t".repeat(242)),
            &format!("t@{}=1", "v".repeat(15)),
            &format!("a={}", "v".repeat(257)),
            &one_more.join(","),
            &["a=", &"v".repeat(200)]
                .concat()
                .repeat(3)
                .replace("va", "v,a"),
        ] {
            assert_eq!(parsed(&[bad]), None, "{bad}");
        }
    }
}
