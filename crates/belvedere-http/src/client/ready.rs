use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use reqwest::{RequestBuilder, Url};
use tokio::time;

use super::{
    Answer, UpstreamError, attempt::Attempt, backoff, breaker::Permit, end::End, series::Outcome,
    upstream::Inner,
};

/// A call that can be sent, as often as it may be.
pub(super) struct Ready<'u> {
    pub(super) upstream: &'u Inner,
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Option<Bytes>,
    pub(super) is_idempotent: bool,
}

impl Ready<'_> {
    pub(super) async fn send(self) -> Result<Answer, UpstreamError> {
        let end = End::within(self.upstream.timeout);
        let mut permit = self.admit(end)?;
        self.upstream.budget.earn();
        let mut retry = 0;
        loop {
            let attempt = Attempt::begin(self.upstream, &self.method, retry, permit);
            let outcome = attempt.make(self.request(), end).await;
            retry += 1;
            permit = match self.again(&outcome, retry, end).await {
                Some(permit) => permit,
                None => return outcome,
            };
        }
    }

    /// Leave for the first try; a refusal is counted.
    fn admit(&self, end: End) -> Result<Permit<'_>, UpstreamError> {
        let name = self.upstream.name;
        let refusal = if end.left().is_zero() {
            end.error(name)
        } else {
            match self.upstream.breaker.admit() {
                Ok(permit) => return Ok(permit),
                Err(retry_after) => UpstreamError::CircuitOpen { name, retry_after },
            }
        };
        let outcome = Outcome::Without(refusal.label());
        let series = &self.upstream.series;
        series.tried(name, &self.method, outcome, Duration::ZERO);
        Err(refusal)
    }

    fn request(&self) -> RequestBuilder {
        let client = &self.upstream.client;
        let request = client.request(self.method.clone(), self.url.clone());
        let request = request.headers(self.headers.clone());
        match &self.body {
            Some(body) => request.body(body.clone()),
            None => request,
        }
    }

    /// Leave for another try, when its time has come, if there is to be one.
    async fn again(
        &self,
        outcome: &Result<Answer, UpstreamError>,
        retry: u16,
        end: End,
    ) -> Option<Permit<'_>> {
        let may_help = self.is_idempotent && retry <= self.upstream.max_retries;
        let asked = if may_help {
            pause_after(outcome)?
        } else {
            return None;
        };
        let pause = backoff::pause(retry).max(asked);
        if pause >= end.left() || !self.upstream.budget.spend() {
            return None;
        }
        time::sleep(pause).await;
        let permit = self.upstream.breaker.admit().ok()?;
        self.upstream.series.retried(self.upstream.name);
        Some(permit)
    }
}

/// The pause that the upstream asks for, or `None` where another try would not help.
fn pause_after(outcome: &Result<Answer, UpstreamError>) -> Option<Duration> {
    match outcome {
        Ok(answer) => is_passing(answer.status)
            .then(|| backoff::retry_after(&answer.headers).unwrap_or_default()),
        Err(error) => error.is_of_the_connection().then_some(Duration::ZERO),
    }
}

const fn is_passing(status: StatusCode) -> bool {
    matches!(status.as_u16(), 429 | 502 | 503 | 504)
}
