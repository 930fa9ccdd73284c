use std::{net::IpAddr, num::NonZeroU32, sync::Arc, time::Duration};

use axum::{
    extract::Request,
    response::{IntoResponse, Response},
};
use belvedere_core::{
    Quota, RateKey, RateStore, Rated, RequestContext, Taken, TrustedPeers,
    config::{ConfigError, Problems},
};
use http::{HeaderName, HeaderValue, StatusCode};
use tower_layer::Layer;

use super::{InProcess, address};
use crate::{
    HttpConfig, Problem,
    gate::{Entry, Gate, Gatekeeper},
};

const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
/// Where a second is too coarse a clock for one request's time.
const MAX_RATE: u32 = 100_000;
/// What a moment in the table can be away.
const MAX_BURST: u32 = 1_000_000;
/// What a request takes.
const ONE: NonZeroU32 = NonZeroU32::MIN;

/// Layer that answers 429 to whoever comes too often.
#[derive(Debug, Clone)]
pub struct RateLimit {
    store: Arc<dyn RateStore>,
    by: By,
}

#[derive(Debug, Clone)]
enum By {
    Address(Arc<TrustedPeers>),
    Principal,
}

impl RateLimit {
    /// By address: that of the peer, or what `proxies` say it is in `x-forwarded-for`.
    pub fn by_address(store: impl RateStore, proxies: TrustedPeers) -> Self {
        Self {
            store: Arc::new(store),
            by: By::Address(Arc::new(proxies)),
        }
    }

    /// By tenant and user. To stand inside of [`RequireCaller`](crate::RequireCaller): who is not known is let through.
    pub fn by_principal(store: impl RateStore) -> Self {
        Self {
            store: Arc::new(store),
            by: By::Principal,
        }
    }

    /// Counts where `share` says, made of the store that counts so far.
    #[must_use]
    pub fn share(self, share: impl FnOnce(Arc<dyn RateStore>) -> Arc<dyn RateStore>) -> Self {
        Self {
            store: share(self.store),
            by: self.by,
        }
    }

    fn take(&self, request: &Request) -> Option<Taken> {
        let address = |proxies| address::caller(request, proxies);
        match &self.by {
            By::Address(proxies) => address(proxies).map(|address| self.take_of(address)),
            By::Principal => RequestContext::with(|context| {
                let key = RateKey::Principal(context.identity()?);
                Some(self.store.take(key, ONE))
            })?,
        }
    }

    fn take_of(&self, address: IpAddr) -> Taken {
        self.store.take(RateKey::of_address(address), ONE)
    }
}

impl<S> Layer<S> for RateLimit {
    type Service = Gate<Self, S>;

    fn layer(&self, inner: S) -> Gate<Self, S> {
        Gate::new(self.clone(), inner)
    }
}

impl Gatekeeper for RateLimit {
    fn ask(&self, request: &Request) -> Entry {
        let quota = || self.store.quota();
        match self.take(request) {
            None => Entry::Open,
            Some(Taken::Now(rated)) if rated.is_allowed => Entry::Open,
            Some(Taken::Now(rated)) => Entry::Shut(too_many(quota(), rated)),
            Some(Taken::Later(rated)) => {
                let quota = quota();
                Entry::Waiting(Box::pin(async move {
                    let rated = rated.await;
                    (!rated.is_allowed).then(|| too_many(quota, rated))
                }))
            }
        }
    }
}

fn too_many(quota: Quota, rated: Rated) -> Response {
    let after = rated.reset.max(Duration::from_secs(1));
    let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests")
        .detail("the caller comes too often; see retry-after")
        .retry_after(after);
    let mut response = problem.into_response();
    let seconds = after.as_secs() + u64::from(after.subsec_nanos() > 0);
    let headers = response.headers_mut();
    headers.insert(LIMIT, quota.per_second.get().into());
    headers.insert(REMAINING, rated.remaining.into());
    headers.insert(RESET, seconds.into());
    if let Ok(policy) = HeaderValue::try_from(policy(quota)) {
        headers.insert(POLICY, policy);
    }
    response
}

/// Section 2.1 of the draft: so many in a window of a second.
fn policy(quota: Quota) -> String {
    format!("{};w=1;burst={}", quota.per_second, quota.burst)
}

/// The two limits, by address and by principal, of which each may be off.
pub fn rate_limits(config: &HttpConfig) -> (Option<RateLimit>, Option<RateLimit>) {
    let by_ip = quota(config.rate_limit_per_ip, config.rate_limit_per_ip_burst);
    let by_principal = quota(
        config.rate_limit_per_principal,
        config.rate_limit_per_principal_burst,
    );
    let proxies = || config.trusted_proxies.clone();
    (
        by_ip.map(|quota| RateLimit::by_address(InProcess::by_address(quota), proxies())),
        by_principal.map(|quota| RateLimit::by_principal(InProcess::by_principal(quota))),
    )
}

/// What the type of no single knob can tell.
///
/// # Errors
///
/// Rates and bursts that are past what is counted.
pub(crate) fn check_rates(config: &HttpConfig) -> Result<(), ConfigError> {
    let mut problems = Problems::default();
    for (place, value, most) in [
        (
            "HTTP__RATE_LIMIT_PER_IP",
            config.rate_limit_per_ip,
            MAX_RATE,
        ),
        (
            "HTTP__RATE_LIMIT_PER_IP_BURST",
            config.rate_limit_per_ip_burst,
            MAX_BURST,
        ),
        (
            "HTTP__RATE_LIMIT_PER_PRINCIPAL",
            config.rate_limit_per_principal,
            MAX_RATE,
        ),
        (
            "HTTP__RATE_LIMIT_PER_PRINCIPAL_BURST",
            config.rate_limit_per_principal_burst,
            MAX_BURST,
        ),
    ] {
        let fits = (value <= most).then_some(());
        problems.take(
            fits.ok_or_else(|| ConfigError::new(place, format!("is not valid: {most} at most"))),
        );
    }
    problems.into_result()
}

/// Without a burst of its own as many at once as in a second.
fn quota(per_second: u32, burst: u32) -> Option<Quota> {
    let per_second = NonZeroU32::new(per_second)?;
    let burst = NonZeroU32::new(burst).unwrap_or(per_second);
    Some(Quota { per_second, burst })
}
