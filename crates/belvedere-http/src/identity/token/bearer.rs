use http::{HeaderMap, header::AUTHORIZATION};

use crate::identity::refusal::Refusal;

/// Longer than what issuers make with many groups in it; a check costs by the length.
const MAX_TOKEN: usize = 8 * 1024;
const SCHEME: &str = "bearer";

/// What stands behind `Bearer` (RFC 6750, section 2.1), in the only header of that name.
pub(in crate::identity) fn bearer(headers: &HeaderMap) -> Result<&str, Refusal> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next().ok_or(Refusal::Missing)?;
    if values.next().is_some() {
        return Err(Refusal::Malformed);
    }
    let text = value.to_str().map_err(|_| Refusal::Malformed)?;
    let (scheme, token) = text.split_once(' ').ok_or(Refusal::Malformed)?;
    if !scheme.eq_ignore_ascii_case(SCHEME) {
        return Err(Refusal::Missing);
    }
    let token = token.trim_matches(' ');
    let fits = !token.is_empty() && token.len() <= MAX_TOKEN;
    fits.then_some(token).ok_or(Refusal::Malformed)
}
