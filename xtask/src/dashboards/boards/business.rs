//! What the business would ask about. Replace it with the domain.

use crate::dashboards::model::{Board, Look, Panel, Row, Unit, graph, number, row};

pub(super) fn board() -> Board {
    Board {
        name: "business",
        title: "Business",
        about: "Revenue, sign-ups, users, calls by tenant, failed payments; of all replicas together.",
        choices: &[],
        rows: vec![today(), course()],
    }
}

fn of_today(title: &'static str, unit: Unit, about: &'static str) -> Panel {
    Panel::new(Look::Today, title, unit, about)
}

/// A series that is new today counts from nought: `increase` would leave out what it began with.
fn today() -> Row {
    row("Today", [
        of_today("Revenue", Unit::Dollars, "Of the day so far.").ask(
            "revenue",
            "sum((revenue_total_usd{service=\"$service\"} unless revenue_total_usd{service=\"$service\"} offset $__range) \
             or increase(revenue_total_usd{service=\"$service\"}[$__range]))",
        ),
        of_today("Sign-ups", Unit::Count, "Of the day so far.").ask(
            "sign-ups",
            "sum((user_signups_total{service=\"$service\"} unless user_signups_total{service=\"$service\"} offset $__range) \
             or increase(user_signups_total{service=\"$service\"}[$__range]))",
        ),
        of_today("Failed payments", Unit::Count, "Of the day so far.").ask(
            "failed payments",
            "sum((payments_failed_total{service=\"$service\"} unless payments_failed_total{service=\"$service\"} offset $__range) \
             or increase(payments_failed_total{service=\"$service\"}[$__range])) or vector(0)",
        ),
        number("Active users", Unit::Count, "Of the last 15 minutes. A user of two replicas counts twice.")
            .ask("users", "sum(active_users{service=\"$service\"})"),
    ])
}

fn course() -> Row {
    row("Course", [
        graph("Revenue by product", Unit::Dollars, "Within an hour.")
            .ask("{{product}}", "sum by (product) (increase(revenue_total_usd{service=\"$service\"}[1h]))"),
        graph("Sign-ups by source", Unit::Count, "Within an hour.")
            .ask("{{source}}", "sum by (source) (increase(user_signups_total{service=\"$service\"}[1h]))"),
        graph("Failed payments by reason", Unit::Count, "Within an hour.")
            .ask("{{reason}}", "sum by (reason) (increase(payments_failed_total{service=\"$service\"}[1h]))"),
        graph("Active users over time", Unit::Count, "Of the last 15 minutes each, by replica.")
            .ask("{{instance}}", "active_users{service=\"$service\"}"),
        Panel::new(Look::Table, "API calls by tenant", Unit::Count, "Within 24 hours. `_other` is all who call less.")
            .ask("", "topk(20, sum by (tenant_id) (increase(api_calls_total{service=\"$service\"}[24h])))"),
        graph("API calls by endpoint", Unit::RequestsPerSecond, "Of all tenants.")
            .ask("{{endpoint}}", "sum by (endpoint) (rate(api_calls_total{service=\"$service\"}[$W]))"),
    ])
}
