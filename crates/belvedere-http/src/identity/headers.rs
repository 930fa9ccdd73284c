use belvedere_core::Identity;
use http::{HeaderMap, HeaderName};

use super::{id::is_id, refusal::Refusal};

/// Sent by a trusted proxy.
const TENANT: HeaderName = HeaderName::from_static("x-tenant-id");
/// Sent by a trusted proxy.
const USER: HeaderName = HeaderName::from_static("x-user-id");

/// Whom a proxy says it has checked.
pub(super) fn identity(headers: &HeaderMap) -> Result<Identity, Refusal> {
    Ok(Identity {
        tenant_id: id(headers, &TENANT)?.ok_or(Refusal::Missing)?,
        user_id: id(headers, &USER)?,
    })
}

/// A header that was sent twice was not written by the proxy alone.
fn id(headers: &HeaderMap, name: &HeaderName) -> Result<Option<Box<str>>, Refusal> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => {
            let id = value.to_str().ok().filter(|text| is_id(text));
            id.map(|id| Some(id.into())).ok_or(Refusal::Malformed)
        }
        _ => Err(Refusal::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity_of(lines: &[(&'static str, &'static str)]) -> Result<Identity, Refusal> {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().unwrap());
        }
        identity(&headers)
    }

    #[test]
    fn a_tenant_is_enough_and_a_user_is_taken_along() {
        let alone = identity_of(&[("x-tenant-id", "acme")]).unwrap();
        assert_eq!((&*alone.tenant_id, alone.user_id), ("acme", None));
        let both = identity_of(&[("x-tenant-id", "acme"), ("x-user-id", "ada")]).unwrap();
        assert_eq!(both.user_id.as_deref(), Some("ada"));
    }

    #[test]
    fn what_is_wrong_or_said_twice_is_not_half_believed() {
        assert_eq!(identity_of(&[("x-user-id", "ada")]), Err(Refusal::Missing));
        for lines in [
            [("x-tenant-id", "a b"), ("x-user-id", "ada")],
            [("x-tenant-id", "acme"), ("x-user-id", "a/b")],
            [("x-tenant-id", "acme"), ("x-tenant-id", "other")],
        ] {
            assert_eq!(identity_of(&lines), Err(Refusal::Malformed), "{lines:?}");
        }
    }
}
