//! What callers make up makes no series.

use tonic::Code;

use crate::harness::{Service, in_minutes};

/// So many at a time on one connection.
const AT_ONCE: usize = 50;

fn made_up(number: usize) -> String {
    match number % 2 {
        0 => format!("/probe.v1.Probe/Made{number}"),
        _ => format!("/made{number}.v1.Up/Get"),
    }
}

/// Calls so many methods that there are not, and looks at what they have left.
async fn are_one_series(methods: usize) {
    let service = Service::start().await;
    for first in (0..methods).step_by(AT_ONCE) {
        let calls = (first..methods.min(first + AT_ONCE)).map(|number| {
            let client = service.client.clone();
            async move { client.unary_at(&made_up(number)).await }
        });
        for refused in futures_util::future::join_all(calls).await {
            assert_eq!(refused.unwrap_err().code(), Code::Unimplemented);
        }
    }
    let name = "grpc_response_time_seconds_count";
    in_minutes("all calls counted", || {
        service.metrics.sum(name, &[]) == methods as f64
    })
    .await;
    let counted = service.metrics.series(name);
    assert_eq!(counted.len(), 1, "{counted:?}");
    assert!(counted[0].0.contains("method=\"unmatched\""), "{counted:?}");
    // Four methods of ours, four of health and reflection, and one for all that are made up, of services and of probes.
    let gauges = service.metrics.series("grpc_active_requests");
    assert!(gauges.len() <= 10, "{gauges:?}");
    let bad = [("slo", "availability"), ("outcome", "bad")];
    assert_eq!(service.metrics.sum("slo_requests_total", &bad), 0.0);
}

#[tokio::test]
async fn made_up_methods_and_services_are_one_series_of_each_metric() {
    // Enough to see that they do not grow: each is one more or it is none.
    are_one_series(300).await;
}

#[tokio::test]
#[ignore = "soak: 100,000 methods"]
async fn a_hundred_thousand_made_up_methods_are_one_series() {
    are_one_series(100_000).await;
}
