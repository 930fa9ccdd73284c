use std::net::SocketAddr;

use axum::{
    Router,
    extract::{FromRef, FromRequestParts, Request},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
};
use belvedere_core::Secret;
use http::{
    HeaderMap, StatusCode,
    header::{AUTHORIZATION, ORIGIN, WWW_AUTHENTICATE},
    request::Parts,
};
use subtle::ConstantTimeEq;

use crate::{Peer, Problem};

/// Who may change what runs: whoever knows the token. Without one, whoever is on the same machine.
#[derive(Debug, Clone)]
pub struct Guard {
    token: Option<Secret>,
    is_local: bool,
}

impl Guard {
    /// `token` is `ADMIN__TOKEN`, `addr` where the admin listener is.
    pub fn new(token: Option<Secret>, addr: SocketAddr) -> Self {
        Self {
            token,
            is_local: addr.ip().to_canonical().is_loopback(),
        }
    }

    /// Whether there is nobody who may change anything.
    pub const fn refuses_all(&self) -> bool {
        self.token.is_none() && !self.is_local
    }

    fn check(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        // Only browsers send it. A page's script must not do what its reader may: not across origins, and not under a name
        // that has been made to point here.
        if headers.contains_key(ORIGIN) {
            return Err(Refusal::Browser);
        }
        match &self.token {
            None if self.is_local => Ok(()),
            None => Err(Refusal::NoToken),
            Some(token) if is_told(headers, token) => Ok(()),
            Some(_) => Err(Refusal::Unknown),
        }
    }
}

/// Whether the request knows the token. How long it takes tells its length at most.
fn is_told(headers: &HeaderMap, token: &Secret) -> bool {
    let told = headers.get(AUTHORIZATION).map(|value| value.as_bytes());
    let told = told.and_then(|value| value.split_at_checked(BEARER.len()));
    told.is_some_and(|(scheme, told)| {
        scheme.eq_ignore_ascii_case(BEARER) && bool::from(told.ct_eq(token.expose().as_bytes()))
    })
}

/// RFC 6750, section 2.1; the scheme's case does not matter (RFC 9110, section 11.1).
const BEARER: &[u8] = b"Bearer ";

/// Why an order is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    Browser,
    NoToken,
    Unknown,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let forbidden = |code: &'static str, detail: &'static str| {
            Problem::new(StatusCode::FORBIDDEN, code).detail(detail)
        };
        match self {
            Self::Browser => {
                let detail = "a request with an origin header comes from a browser's page, which may change nothing here";
                forbidden("browser_refused", detail).into_response()
            }
            Self::NoToken => {
                let detail = "the listener can be reached from other machines: set ADMIN__TOKEN (or ADMIN__TOKEN_FILE) and start \
                              anew, or listen on 127.0.0.1 (ADMIN__ADDR)";
                forbidden("admin_token_not_set", detail).into_response()
            }
            Self::Unknown => {
                let detail = "send the service's ADMIN__TOKEN as \"authorization: Bearer <token>\"";
                let problem = Problem::unauthorized().detail(detail);
                ([(WWW_AUTHENTICATE, "Bearer")], problem).into_response()
            }
        }
    }
}

/// Lets only those call `routes` who may change what runs.
pub fn guarded(routes: Router, guard: Guard) -> Router {
    let check = async |_: Operator, request: Request, next: Next| next.run(request).await;
    routes.route_layer(from_fn_with_state(guard, check))
}

/// Somebody who may change what runs. To be taken first by every handler that does.
#[derive(Debug, Clone, Copy)]
pub(super) struct Operator {
    pub(super) peer: Option<SocketAddr>,
}

impl<S> FromRequestParts<S> for Operator
where
    Guard: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        Guard::from_ref(state).check(&parts.headers)?;
        let peer = parts.extensions.get::<Peer>();
        Ok(Self {
            peer: peer.map(|peer| peer.0),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(token: Option<&str>, addr: &str, header: Option<&'static str>) -> Result<(), Refusal> {
        let mut headers = HeaderMap::new();
        if let Some(value) = header {
            headers.insert(AUTHORIZATION, value.parse().unwrap());
        }
        let guard = Guard::new(token.map(Secret::from), addr.parse().unwrap());
        guard.check(&headers)
    }

    #[test]
    fn without_a_token_only_this_machine_is_obeyed() {
        for addr in [
            "127.0.0.1:9464",
            "127.8.0.1:1",
            "[::1]:9464",
            "[::ffff:127.0.0.1]:1",
        ] {
            assert_eq!(check(None, addr, None), Ok(()), "{addr}");
        }
        for addr in ["0.0.0.0:9464", "[::]:9464", "10.0.0.7:9464"] {
            assert_eq!(check(None, addr, None), Err(Refusal::NoToken), "{addr}");
            let any = Some("Bearer any");
            assert_eq!(check(None, addr, any), Err(Refusal::NoToken), "{addr}");
        }
    }

    #[test]
    fn a_token_is_asked_for_wherever_there_is_one() {
        for addr in ["127.0.0.1:9464", "0.0.0.0:9464"] {
            for good in ["Bearer s3cret-s3cret", "bearer s3cret-s3cret"] {
                assert_eq!(check(Some("s3cret-s3cret"), addr, Some(good)), Ok(()));
            }
            for bad in [
                None,
                Some("Bearer "),
                Some("Bearer"),
                Some("Bearer s3cret-s3creT"),
                Some("Bearer s3cret-s3cret "),
                Some("Bearer s3cret"),
                Some("Basic s3cret-s3cret"),
                Some("s3cret-s3cret"),
            ] {
                let checked = check(Some("s3cret-s3cret"), addr, bad);
                assert_eq!(checked, Err(Refusal::Unknown), "{bad:?}");
            }
        }
    }

    #[test]
    fn a_page_is_refused_even_with_the_token() {
        let mut headers = HeaderMap::new();
        headers.insert(ORIGIN, "null".parse().unwrap());
        headers.insert(AUTHORIZATION, "Bearer s3cret".parse().unwrap());
        let here = "127.0.0.1:9464".parse().unwrap();
        for token in [None, Some("s3cret")] {
            let guard = Guard::new(token.map(Secret::from), here);
            assert_eq!(guard.check(&headers), Err(Refusal::Browser));
        }
    }
}
