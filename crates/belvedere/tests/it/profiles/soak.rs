use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use super::{HOT, Load, ask, burning};

/// Load with panics, and one profile after the other: the signal meets the service wherever it is.
async fn profiled_for(time: Duration, seconds: u64) {
    let service = burning().keep_lines(1000).start().unwrap();
    let before = service.resident_bytes().unwrap();
    let load = Load::on(&service, &["/burn/500", "/panic", "/burn/50", "/nowhere"]);
    let began = Instant::now();
    let mut taken = 0;
    while began.elapsed() < time {
        let answer = ask(&service, &format!("/profile/cpu?seconds={seconds}")).await;
        assert_eq!(answer.status(), 200);
        assert!(answer.text().await.unwrap().contains(HOT));
        taken += 1;
    }
    let answers = load.answers.load(Ordering::Relaxed);
    drop(load);
    assert!(answers > 100 * time.as_secs() / 10, "{answers} answers");
    assert_eq!(ask(&service, "/health/live").await.status(), 200);
    let grown = service.resident_bytes().unwrap().saturating_sub(before);
    let seconds = began.elapsed().as_secs();
    belvedere_testing::report(format!(
        "{taken} profiles in {seconds} s, {answers} answers, {grown} bytes more"
    ));
    assert!(service.stop().unwrap().0.success());
}

#[tokio::test]
async fn a_service_that_panics_survives_its_profiles() {
    profiled_for(Duration::from_secs(4), 2).await;
}

#[tokio::test]
#[ignore = "soak: make soak"]
async fn a_service_that_panics_survives_ten_minutes_of_profiles() {
    profiled_for(Duration::from_secs(600), 10).await;
}
