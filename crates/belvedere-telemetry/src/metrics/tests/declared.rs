//! Metrics that a service declares. Other tests of the process know them too: the names are of these alone.

use belvedere_core::{
    declare_metrics,
    metrics::{Label, LabelText},
};

use super::*;

#[derive(Debug, Clone, Copy)]
enum Refusal {
    Card,
}

impl Label for Refusal {
    fn label(&self) -> LabelText {
        LabelText::const_str(match self {
            Self::Card => "card",
        })
    }
}

declare_metrics! {
    /// Payments that were refused,
    /// by reason.
    fn payments_refused_total(reason: Refusal) -> Counter;

    /// Money taken, in US dollars.
    fn paid_back_total_usd(tenant_id: &str, product: &str) -> Money;

    /// Weight of a parcel, in kilograms.
    #[buckets(0.5, 2.0)]
    #[budget(2)]
    fn parcel_weight_kilograms(carrier: &str) -> Histogram;

    /// Trolleys that are out.
    fn trolleys() -> Gauge;
}

#[test]
fn a_declaration_is_help_labels_buckets_and_a_budget() {
    let text = text(|| {
        payments_refused_total(Refusal::Card).increment(2);
        let revenue = paid_back_total_usd("acme", "espresso");
        revenue.add_cents(1999_i64);
        revenue.add_cents(-5_i64);
        for carrier in ["post", "bike", "drone", "boat"] {
            parcel_weight_kilograms(carrier).record(0.7);
        }
        trolleys().set(3.0);
    });
    for line in [
        "# HELP payments_refused_total Payments that were refused, by reason.",
        "payments_refused_total{reason=\"card\"} 2",
        "# TYPE paid_back_total_usd counter",
        "paid_back_total_usd{product=\"espresso\",tenant_id=\"acme\"} 19.99",
        "# HELP parcel_weight_kilograms Weight of a parcel, in kilograms.",
        "parcel_weight_kilograms_bucket{carrier=\"post\",le=\"0.5\"} 0",
        "parcel_weight_kilograms_bucket{carrier=\"post\",le=\"2\"} 1",
        "parcel_weight_kilograms_count{carrier=\"_overflow\"} 2",
        "metrics_label_overflow_total{metric=\"parcel_weight_kilograms\"} 2",
        "trolleys 3",
    ] {
        assert!(
            text.lines().any(|found| found == line),
            "no {line} in {text}"
        );
    }
}
