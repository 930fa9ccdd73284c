use std::{sync::Arc, time::Duration};

use http::Method;
use reqwest::{Client, redirect::Policy, retry};

use super::{
    Call, UpstreamConfig, UpstreamError, UpstreamUrl, breaker::Breaker, budget::Budget,
    series::Series, tls,
};

/// Another service that this one calls, under a name that stands in metrics and spans in place of its URL. See [`Call`].
///
/// Cheap to clone: all clones share connections, circuit and retry budget.
#[derive(Debug, Clone)]
pub struct Upstream(pub(super) Arc<Inner>);

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) name: &'static str,
    pub(super) base: UpstreamUrl,
    pub(super) client: Client,
    pub(super) timeout: Duration,
    pub(super) max_retries: u16,
    pub(super) body_limit: usize,
    pub(super) breaker: Breaker,
    pub(super) budget: Budget,
    pub(super) series: Series,
}

impl Upstream {
    /// `name` out of a closed set: it is a label value.
    ///
    /// # Errors
    ///
    /// There is no URL, or the certificates to trust cannot be read.
    pub fn new(name: &'static str, config: &UpstreamConfig) -> Result<Self, UpstreamError> {
        let base = config.url.clone().ok_or(UpstreamError::NoUrl { name })?;
        let tls = tls::client(config.ca_file.as_deref())
            .map_err(|source| UpstreamError::Trust { name, source })?;
        let builder = Client::builder()
            .tls_backend_preconfigured(tls)
            .connect_timeout(config.connect_timeout_seconds.duration())
            .redirect(Policy::none())
            // Tries that nobody sees would be in no span and on no budget.
            .retry(retry::never());
        let client = builder
            .build()
            .map_err(|source| UpstreamError::Client { name, source })?;
        Ok(Self(Arc::new(Inner {
            name,
            base,
            client,
            timeout: config.timeout_seconds.duration(),
            max_retries: config.max_retries,
            body_limit: config.body_limit_bytes,
            breaker: Breaker::new(name, config.circuit_open_seconds.duration()),
            budget: Budget::default(),
            series: Series::default(),
        })))
    }

    /// A call of `path`, which may have a query and always leads below the upstream's URL.
    pub fn call(&self, method: Method, path: &str) -> Call<'_> {
        Call::new(&self.0, method, path)
    }

    /// `GET`.
    pub fn get(&self, path: &str) -> Call<'_> {
        self.call(Method::GET, path)
    }

    /// `POST`: not repeated without [`Call::idempotency_key`].
    pub fn post(&self, path: &str) -> Call<'_> {
        self.call(Method::POST, path)
    }

    /// `PUT`.
    pub fn put(&self, path: &str) -> Call<'_> {
        self.call(Method::PUT, path)
    }

    /// `PATCH`: not repeated without [`Call::idempotency_key`].
    pub fn patch(&self, path: &str) -> Call<'_> {
        self.call(Method::PATCH, path)
    }

    /// `DELETE`.
    pub fn delete(&self, path: &str) -> Call<'_> {
        self.call(Method::DELETE, path)
    }
}
