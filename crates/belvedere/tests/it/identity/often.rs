//! Callers that come too often.

use belvedere_testing::TestService;

use super::guarded;

async fn statuses(service: &TestService, path: &str, times: usize) -> Vec<u16> {
    let mut statuses = Vec::new();
    for _ in 0..times {
        statuses.push(service.get(path).await.status);
    }
    statuses
}

#[tokio::test]
async fn an_address_that_comes_too_often_is_refused_wherever_it_goes_but_to_probes() {
    let service = guarded()
        .variable("HTTP__RATE_LIMIT_PER_IP", "1")
        .variable("HTTP__RATE_LIMIT_PER_IP_BURST", "3")
        .start()
        .unwrap();
    let told = statuses(&service, "/v1/orders", 20).await;
    assert_eq!(told[..3], [200; 3]);
    assert!(told.contains(&429), "{told:?}");
    let nowhere = statuses(&service, "/nowhere", 5).await;
    assert!(nowhere.contains(&429), "{nowhere:?}");
    let nobody = service.anonymous().get("/v1/orders").await.status;
    assert!([429, 401].contains(&nobody));
    assert_eq!(statuses(&service, "/health/ready", 30).await, [200; 30]);
    assert!(
        service
            .metrics()
            .await
            .contains(r#"path="/v1/orders",status="429""#)
    );
    let (_, lines) = service.stop().unwrap();
    let completed = lines
        .iter()
        .filter(|line| line["message"] == "request_completed");
    assert_eq!(completed.count(), 26, "one for each but the probes");
}

#[tokio::test]
async fn a_user_that_comes_too_often_leaves_the_others_their_turn() {
    let service = guarded()
        .variable("HTTP__RATE_LIMIT_PER_PRINCIPAL", "1")
        .variable("HTTP__RATE_LIMIT_PER_PRINCIPAL_BURST", "3")
        .start()
        .unwrap();
    assert!(statuses(&service, "/v1/orders", 20).await.contains(&429));
    assert_eq!(service.tenant("other").get("/v1/orders").await.status, 200);
    assert_eq!(service.anonymous().get("/v1/orders").await.status, 401);
}
