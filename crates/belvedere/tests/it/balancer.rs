//! The end of a service behind a balancer, under load.

use std::{
    net::SocketAddr,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
    time::Duration,
};

use belvedere_testing::{TestService, report};

use crate::{helpers::service, kept::Kept};

const CALLERS: usize = 8;

/// It asks for readiness often, and sends nothing more once that has turned.
#[derive(Default)]
struct Balancer {
    is_away: AtomicBool,
    answered: AtomicUsize,
    lost: AtomicUsize,
}

impl Balancer {
    fn watch(&self, addr: SocketAddr) {
        let mut kept = Kept::new(addr);
        while kept
            .get("/health/ready")
            .is_ok_and(|(status, _)| status == 200)
        {
            thread::sleep(Duration::from_millis(5));
        }
        self.is_away.store(true, Ordering::Relaxed);
    }

    fn call(&self, addr: SocketAddr) {
        let mut kept = Kept::new(addr);
        while !self.is_away.load(Ordering::Relaxed) {
            let answered = kept.get("/sleep/1").is_ok_and(|(status, _)| status == 200);
            let count = if answered { &self.answered } else { &self.lost };
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits until that many requests have been answered, then asks for the end.
    fn end(&self, service: &TestService, answers: usize) {
        while self.answered.load(Ordering::Relaxed) < answers {
            let lost = self.lost.load(Ordering::Relaxed);
            assert_eq!(lost, 0, "before the end was asked for");
            thread::sleep(Duration::from_millis(5));
        }
        service.terminate().unwrap();
    }
}

/// Ends a service after `answers` requests, more of which come until the balancer looks away; returns how many.
fn end_under_load(answers: usize) -> usize {
    let service = service().variable("SHUTDOWN__DRAIN_SECONDS", "1");
    let service = service.start().unwrap();
    let balancer = Balancer::default();
    thread::scope(|scope| {
        for _ in 0..CALLERS {
            scope.spawn(|| balancer.call(service.http()));
        }
        scope.spawn(|| balancer.watch(service.http()));
        balancer.end(&service, answers);
    });
    let answered = balancer.answered.into_inner();
    assert_eq!(balancer.lost.into_inner(), 0, "of {answered}");
    let (status, lines) = service.ended().unwrap();
    assert!(status.success());
    let completed = lines
        .iter()
        .filter(|line| line["route"] == "/sleep/{millis}" && line["outcome"] == "ok");
    assert_eq!(completed.count(), answered);
    answered
}

#[test]
fn sigterm_under_load_loses_no_request_of_a_balancer_that_looks_away() {
    end_under_load(500);
}

#[test]
#[ignore = "soak: make soak"]
fn sigterm_under_load_loses_none_of_ten_thousand_requests_ten_times() {
    for run in 1..=10 {
        let answered = end_under_load(10_000);
        report(format_args!("run {run}: 0 of {answered} lost"));
    }
}
