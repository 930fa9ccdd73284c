use std::fmt;

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method,
    header::{AUTHORIZATION, CONTENT_TYPE},
};
use reqwest::Url;
use serde::Serialize;

use super::{Answer, UpstreamError, ready::Ready, upstream::Inner};

/// Tells an upstream which calls are the same (`draft-ietf-httpapi-idempotency-key-header`).
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// A call that is being put together. Nothing is sent before [`Call::send`].
#[must_use = "nothing is sent before `send`"]
pub struct Call<'u> {
    upstream: &'u Inner,
    method: Method,
    url: Option<Url>,
    headers: HeaderMap,
    body: Option<Bytes>,
    is_idempotent: bool,
    /// What of it cannot be sent.
    malformed: Option<&'static str>,
}

/// Neither path nor query, headers or body.
impl fmt::Debug for Call<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Call({} {})", self.method, self.upstream.name)
    }
}

impl<'u> Call<'u> {
    pub(super) fn new(upstream: &'u Inner, method: Method, path: &str) -> Self {
        let url = upstream.base.join(path);
        Self {
            malformed: url.is_none().then_some("path"),
            is_idempotent: method.is_idempotent(),
            upstream,
            method,
            url,
            headers: HeaderMap::new(),
            body: None,
        }
    }

    /// Adds `name=value` to the query, encoded.
    pub fn query(mut self, name: &str, value: &str) -> Self {
        if let Some(url) = &mut self.url {
            url.query_pairs_mut().append_pair(name, value);
        }
        self
    }

    /// Sets a header.
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Sets `authorization`, in place of the URL's user and password.
    pub fn authorization(self, mut value: HeaderValue) -> Self {
        value.set_sensitive(true);
        self.header(AUTHORIZATION, value)
    }

    /// Sends `body` as JSON.
    pub fn json<B: Serialize + ?Sized>(mut self, body: &B) -> Self {
        match serde_json::to_vec(body) {
            Ok(json) => self.body = Some(json.into()),
            Err(_) => self.malformed = Some("body"),
        }
        let json = HeaderValue::from_static("application/json");
        self.header(CONTENT_TYPE, json)
    }

    /// Sends `idempotency-key`: the upstream does the work once, however often it is asked, so that a `POST` may be repeated.
    /// The key has to be the same for the same work, such as the id of an order.
    pub fn idempotency_key(mut self, key: &str) -> Self {
        match HeaderValue::from_str(key) {
            Ok(key) => {
                self.is_idempotent = true;
                self.header(IDEMPOTENCY_KEY, key)
            }
            Err(_) => {
                self.malformed = Some("idempotency key");
                self
            }
        }
    }

    /// Sends it, and again where that may help. Dropping the future gives the call up.
    ///
    /// # Errors
    ///
    /// There is no answer. A status is one, whatever it says.
    pub async fn send(self) -> Result<Answer, UpstreamError> {
        self.ready()?.send().await
    }

    fn ready(self) -> Result<Ready<'u>, UpstreamError> {
        let name = self.upstream.name;
        match (self.malformed, self.url) {
            (None, Some(url)) => Ok(Ready {
                upstream: self.upstream,
                method: self.method,
                url,
                headers: self.headers,
                body: self.body,
                is_idempotent: self.is_idempotent,
            }),
            (part, _) => Err(UpstreamError::Malformed {
                name,
                part: part.unwrap_or("path"),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Upstream, UpstreamConfig};

    #[test]
    fn credentials_are_kept_out_of_logs_and_http2s_table() {
        let config = UpstreamConfig {
            url: Some("http://127.0.0.1:1".parse().unwrap()),
            ..UpstreamConfig::default()
        };
        let upstream = Upstream::new("payments", &config).unwrap();
        let token = HeaderValue::from_static("Bearer hunter2");
        let call = upstream.get("orders").authorization(token);
        assert!(call.headers[AUTHORIZATION].is_sensitive());
        assert!(!format!("{:?}", call.headers).contains("hunter2"));
    }
}
