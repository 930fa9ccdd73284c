use serde_json::json;

use crate::helpers::start;

#[tokio::test]
async fn what_the_business_does_is_counted_under_names_that_prometheus_likes() {
    let service = start();
    let ada = json!({"email": "ada@example.org", "source": "web"});
    service.post("/v1/users", &ada).await;
    for product in ["espresso", "machine"] {
        let order = json!({"product": product, "quantity": 2});
        service.post("/v1/orders", &order).await;
    }
    for line in [
        r#"user_signups_total{source="web",tenant_id="acme"} 1"#,
        r#"revenue_total_usd{product="espresso",tenant_id="acme"} 5.00"#,
        r#"payments_failed_total{reason="refused"} 1"#,
        r#"api_calls_total{endpoint="place_order",tenant_id="acme"} 2"#,
        "# HELP revenue_total_usd Money taken, in US dollars.",
    ] {
        service.metric(line).await;
    }
    service.lint_metrics().await;
}
