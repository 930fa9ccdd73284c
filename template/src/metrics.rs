//! What the business counts. The documentation is the help text, the arguments are the labels.

use belvedere::{Label, declare_metrics};

declare_metrics! {
    /// Money taken, in US dollars.
    pub fn revenue_total_usd(tenant_id: &str, product: &str) -> Money;

    /// Users that have signed up, by where they came from.
    pub fn user_signups_total(tenant_id: &str, source: Source) -> Counter;

    /// Calls of the API that could be read, however they ended.
    pub fn api_calls_total(tenant_id: &str, endpoint: Endpoint) -> Counter;

    /// Payments that were not made.
    pub fn payments_failed_total(reason: PaymentFailure) -> Counter;
}

#[derive(Debug, Clone, Copy, Label)]
pub enum Endpoint {
    PlaceOrder,
    ReadOrder,
    ListOrders,
{%- if grpc %}
    WatchOrders,
{%- endif %}
    SignUp,
}

#[derive(Debug, Clone, Copy, Label)]
pub enum PaymentFailure {
    Refused,
    GatewayDown,
    GatewayBroken,
}

#[derive(Debug, Clone, Copy, Label)]
pub enum Source {
    Web,
    Mobile,
    Referral,
    Unknown,
    Other,
}

impl Source {
    /// Callers write what they like: a label has few values.
    pub fn of(text: &str) -> Self {
        match text {
            "web" => Self::Web,
            "mobile" => Self::Mobile,
            "referral" => Self::Referral,
            "unknown" => Self::Unknown,
            _ => Self::Other,
        }
    }
}
