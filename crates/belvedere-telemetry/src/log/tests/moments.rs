//! Events at moments at which a log is easily caught off its guard.

use std::{
    fmt, thread,
    time::{Duration, Instant},
};

use belvedere_core::Redactor;
use tracing::subscriber::set_global_default;
use tracing_subscriber::{Registry, layer::SubscriberExt};

use super::support::{parsed, style};
use crate::{LogLayer, LogSink, log::sink::tests::collecting};

/// Global: a scoped subscriber hears nothing in either case. Each test has a process of its own.
fn log_to(sink: LogSink) {
    let style = style();
    let lines = LogLayer::new(sink, style.fixed, Redactor::clone(&style.redactor));
    set_global_default(Registry::default().with(lines)).unwrap();
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(20)
}

/// Logs while it is being logged.
struct Talkative;

impl fmt::Debug for Talkative {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        tracing::info!("inner");
        f.write_str("outer")
    }
}

#[test]
fn a_value_that_logs_while_it_is_logged_costs_no_line() {
    let (sink, written) = collecting();
    log_to(sink.clone());
    tracing::info!(value = ?Talkative, "first");
    assert!(sink.flush(soon()));
    let text = written();
    let lines: Vec<_> = text.split_inclusive('\n').map(parsed).collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert_eq!(
        (&lines[0]["message"], &lines[1]["value"]),
        (&"inner".into(), &"outer".into())
    );
}

struct LogsAtItsEnd;

impl Drop for LogsAtItsEnd {
    fn drop(&mut self) {
        tracing::info!("thread_ended");
    }
}

thread_local! {
    static FIRST: LogsAtItsEnd = const { LogsAtItsEnd };
}

#[test]
fn a_thread_that_logs_while_its_locals_are_dropped_is_heard() {
    let (sink, written) = collecting();
    log_to(sink.clone());
    let ended = thread::spawn(|| {
        FIRST.with(|_| ());
        tracing::info!("thread_began");
    });
    ended.join().unwrap();
    assert!(sink.flush(soon()));
    assert!(written().contains("thread_ended"), "{}", written());
}
