//! Calls to other services.
//!
//! An [`Upstream`] has a name, which stands in metrics and spans in place of its URL, and settings that a service embeds among
//! its own:
//!
//! ```
//! use belvedere_core::settings;
//! use belvedere_http::{Upstream, UpstreamConfig, UpstreamError};
//!
//! settings! {
//!     /// What the service is made of.
//!     pub struct Settings {
//!         /// Where charges are sent: `PAYMENTS__URL`, `PAYMENTS__TIMEOUT_SECONDS` and so on.
//!         pub payments: UpstreamConfig = UpstreamConfig::default(),
//!     }
//! }
//!
//! async fn charge(payments: &Upstream, order_id: &str, cents: i64) -> Result<bool, UpstreamError> {
//!     let charge = serde_json::json!({"amount_cents": cents});
//!     let call = payments.post("charges").json(&charge).idempotency_key(order_id);
//!     Ok(call.send().await?.status().is_success())
//! }
//! ```
//!
//! Any status is an answer; only its absence is an error. What a call does beside being sent:
//!
//! | | |
//! |---|---|
//! | says who calls | the trace, in every header of `OTEL_PROPAGATORS`, and `x-request-id` |
//! | has an end | the settings' time limit or the handler's, whichever is over first; what is left goes out in [`DEADLINE`] |
//! | is repeated | [twice at most](UpstreamConfig::max_retries), if it may be: see [`Call::idempotency_key`] |
//! | is refused | while the upstream is known to be down: see below |
//! | leaves | one client span and one `http_client_request_duration_seconds{upstream,method,status}` for each try |
//!
//! A call is repeated when there was no connection or it broke, and at 502, 503, 504 and 429. The pause is random, between
//! nothing and a limit that doubles; `Retry-After` is waited for, unless the call would be over by then. All retries of an upstream
//! together are a tenth of its calls, and ten more: an outage is not made worse.
//!
//! When half of at least 20 tries within ten seconds got no answer or a 5xx, the circuit opens: calls fail at once with
//! [`UpstreamError::CircuitOpen`] for [a while](UpstreamConfig::circuit_open_seconds), then three are let through, and if all of
//! them are answered it closes. `dependency_up{dependency}` is 0 meanwhile, `upstream_circuit_opened` and
//! `upstream_circuit_closed` tell of it in the log. A call that was refused so counts with the status `circuit_open`.

mod address;
mod answer;
mod attempt;
mod backoff;
mod breaker;
mod budget;
mod call;
mod config;
mod end;
mod error;
mod ready;
mod series;
mod tls;
mod upstream;

pub use address::{NoUpstreamUrl, UpstreamUrl};
pub use answer::Answer;
pub use attempt::DEADLINE;
pub use backoff::pause;
pub use breaker::{Breaker, Permit, Verdict};
pub use budget::Budget;
pub use call::{Call, IDEMPOTENCY_KEY};
pub use config::UpstreamConfig;
pub use end::End;
pub use error::UpstreamError;
pub use tls::TrustError;
pub use upstream::Upstream;
