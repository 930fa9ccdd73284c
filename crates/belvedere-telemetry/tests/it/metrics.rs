use std::{
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use belvedere_core::Identity;
use belvedere_telemetry::Metrics;

use crate::helpers::{request, start};

/// The value of a series, by its name and labels as they are rendered.
fn value(metrics: &Metrics, series: &str) -> Option<f64> {
    let text = metrics.render();
    let line = |line: &str| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok();
    text.lines().find_map(line)
}

fn known(metrics: &Metrics, series: &str) -> f64 {
    value(metrics, series).unwrap_or_else(|| panic!("no {series}"))
}

#[test]
fn a_process_tells_what_it_takes() {
    let started = start(|_| ());
    let metrics = started.telemetry.metrics();
    let begun = known(metrics, "process_start_time_seconds");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    assert!((now.as_secs_f64() - begun).abs() < 300.0, "{begun}");
    assert!(known(metrics, "process_resident_memory_bytes") > 1e6);
    assert!(known(metrics, "process_virtual_memory_bytes") > 1e6);
    assert!(known(metrics, "process_threads") >= 2.0);
    assert!(known(metrics, "process_max_fds") > 16.0);
    known(metrics, "process_io_bytes_total{direction=\"read\"}");

    let before = known(metrics, "process_open_fds");
    let _held = [(); 10].map(|()| std::fs::File::open("/dev/null").unwrap());
    assert!(known(metrics, "process_open_fds") >= before + 10.0);

    let busy = Instant::now();
    while known(metrics, "process_cpu_seconds_total") < 0.05 {
        assert!(busy.elapsed() < Duration::from_secs(30));
    }
}

#[test]
fn a_runtime_tells_how_busy_and_how_late_it_is() {
    let started = start(|_| ());
    let metrics = started.telemetry.metrics();
    assert!(known(metrics, "tokio_workers") >= 1.0);
    assert!(known(metrics, "tokio_alive_tasks") >= 1.0);
    assert_eq!(known(metrics, "tokio_global_queue_depth"), 0.0);
    known(metrics, "tokio_workers_busy_seconds_total");
    let began = Instant::now();
    while value(metrics, "tokio_scheduler_lag_seconds_count").is_none_or(|count| count < 1.0) {
        assert!(began.elapsed() < Duration::from_secs(30));
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn users_are_counted_once_each() {
    let started = start(|_| ());
    let metrics = started.telemetry.metrics();
    assert_eq!(known(metrics, "active_users"), 0.0);
    let see = |user: Option<String>| {
        request(&started.telemetry).bind_identity(Identity {
            tenant_id: "acme".into(),
            user_id: user.map(Into::into),
        });
    };
    (0..300).for_each(|n| see(Some(format!("user-{}", n % 100))));
    (0..100).for_each(|_| see(None));
    let counted = known(metrics, "active_users");
    assert!((80.0..=120.0).contains(&counted), "{counted}");
}

#[test]
fn everything_described_or_not_has_help_and_a_type() {
    let started = start(|_| ());
    metrics::counter!("orders_total").increment(1);
    let text = started.telemetry.metrics().render();
    let lines: Vec<_> = text.lines().collect();
    for line in lines.iter().filter(|line| line.starts_with("# TYPE ")) {
        let name = line.split(' ').nth(2).unwrap();
        let help = format!("# HELP {name} ");
        assert!(lines.iter().any(|line| line.starts_with(&help)), "{name}");
        let is_ours = name != "orders_total";
        let undescribed = format!("{help}Not described.");
        assert_ne!(lines.contains(&&*undescribed), is_ours, "{name}");
    }
}

#[test]
fn a_scraper_is_given_what_it_asks_for() {
    let started = start(|_| ());
    let metrics = started.telemetry.metrics();
    let scrape = metrics.scrape("application/openmetrics-text;version=1.0.0,text/plain;q=0.5");
    assert_eq!(
        scrape.content_type,
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
    );
    assert!(scrape.text.ends_with("# EOF\n"));
    let scrape = metrics.scrape("*/*");
    assert_eq!(
        scrape.content_type,
        "text/plain; version=0.0.4; charset=utf-8"
    );
    assert!(!scrape.text.contains("# EOF"));
}

#[test]
fn the_budget_is_a_setting() {
    let started = start(|config| config.prometheus.series_per_metric = 10);
    for id in 0..13 {
        metrics::counter!("orders_total", "id" => id.to_string()).increment(1);
    }
    let metrics = started.telemetry.metrics();
    assert_eq!(known(metrics, "orders_total{id=\"_overflow\"}"), 3.0);
    assert_eq!(
        known(
            metrics,
            "metrics_label_overflow_total{metric=\"orders_total\"}"
        ),
        3.0
    );
}
