//! Metrics of a service's own: declared in one place, with typed handles.
//!
//! ```
//! use belvedere_core::{declare_metrics, metrics::Label, metrics::LabelText};
//!
//! # #[derive(Clone, Copy)]
//! enum Refusal { Limit, Card }
//! # impl Label for Refusal {
//! #     fn label(&self) -> LabelText {
//! #         LabelText::const_str(match self { Self::Limit => "limit", Self::Card => "card" })
//! #     }
//! # }
//! declare_metrics! {
//!     /// Payments that were refused.
//!     pub fn payments_refused_total(reason: Refusal) -> Counter;
//!
//!     /// Money taken, in US dollars.
//!     pub fn revenue_total_usd(tenant_id: &str, product: &str) -> Money;
//!
//!     /// Weight of a parcel, in kilograms.
//!     #[buckets(0.1, 1.0, 10.0)]
//!     #[budget(50)]
//!     pub fn parcel_weight_kilograms(carrier: &str) -> Histogram;
//! }
//!
//! payments_refused_total(Refusal::Card).increment(1);
//! revenue_total_usd("acme", "espresso").add_cents(250);
//! parcel_weight_kilograms("post").record(0.7);
//! ```
//!
//! The documentation is the help text, the arguments are the labels. A name that no metric of its kind should have does not compile.
//! What goes through the `metrics` facade without being declared is recorded all the same, within the same budgets.
//!
//! Money and exemplars are what the facade has no word for. Other recorders than ours take the calls too, and show cents.

mod declared;
mod exemplar;
mod label;
mod lint;
mod money;
mod observed;

pub use ::metrics::{Counter, Gauge, Histogram};
pub use declared::{Declaration, Declared, Metric, declaration};
pub use exemplar::{exemplar, exemplify};
pub use label::{Label, LabelText};
pub use money::{Money, is_money, money};
pub use observed::{Observed, observe_all, observe_at_scrapes};
