use belvedere_core::HealthCheck;

use belvedere_testing::CapturedRequest;

use crate::helpers::sqlite;

#[tokio::test]
async fn the_check_asks_the_database_and_leaves_no_span() {
    let (db, request) = (sqlite().await, CapturedRequest::begin());
    let check = db.health_check();
    assert_eq!((check.name(), check.is_critical()), ("database", true));
    assert!(request.run(check.check()).await.is_ok());
    assert!(request.spans().is_empty());

    db.close().await;
    assert!(check.check().await.is_err());
}
