//! What callers make up makes no series.

use tonic::Code;

use crate::harness::Service;

/// Enough to see that they do not grow: each is one more or it is none.
const MADE_UP: usize = 300;

#[tokio::test]
async fn made_up_methods_and_services_are_one_series_of_each_metric() {
    let service = Service::start().await;
    let names = (0..MADE_UP).map(|number| match number % 2 {
        0 => format!("/probe.v1.Probe/Made{number}"),
        _ => format!("/made{number}.v1.Up/Get"),
    });
    for name in names {
        let refused = service.client.unary_at(&name).await.unwrap_err();
        assert_eq!(refused.code(), Code::Unimplemented);
    }
    service.completed(MADE_UP).await;
    let counted = service.metrics.series("grpc_response_time_seconds_count");
    assert_eq!(counted.len(), 1, "{counted:?}");
    assert!(counted[0].0.contains("method=\"unmatched\""), "{counted:?}");
    assert_eq!(counted[0].1, MADE_UP as f64);
    // Four methods of ours, four of health and reflection, and one for all that are made up, of services and of probes.
    let gauges = service.metrics.series("grpc_active_requests");
    assert!(gauges.len() <= 10, "{gauges:?}");
    let bad = [("slo", "availability"), ("outcome", "bad")];
    assert_eq!(service.metrics.sum("slo_requests_total", &bad), 0.0);
}
