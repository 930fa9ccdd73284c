//! Whole lines, as they reach stdout, at a time that is known.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
    time::{Duration, Instant, UNIX_EPOCH},
};

use belvedere_core::{Identity, NewRequest, Redactor, context::Route, trace::Tracer};
use belvedere_telemetry::{LogLayer, LogSink, StaticFields};
use belvedere_testing::ManualClock;
use tracing_subscriber::{Registry, layer::SubscriberExt};

/// 2026-01-31T08:15:30.000042Z.
const MICROS: u64 = 1_769_847_330_000_042;
const HEAD: &str = r#""level":"info","message":"order_placed","target":"shop::orders","service":"shop","environment":"test","version":"1.2.3""#;

/// Stands for stdout.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0
            .lock()
            .expect("nobody panics")
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What `log` leaves, from the macro to the writer.
fn lines(clock: &ManualClock, log: impl FnOnce()) -> String {
    let written = Written::default();
    let sink = LogSink::start(written.clone(), |_| Vec::new()).expect("a thread");
    let fixed = StaticFields::new("shop", "test", "1.2.3");
    let layer = LogLayer::new(sink.clone(), fixed, Redactor::default()).clock(clock.clock());
    tracing::subscriber::with_default(Registry::default().with(layer), log);
    assert!(sink.flush(Instant::now() + Duration::from_secs(30)));
    let bytes = written.0.lock().expect("nobody panics").clone();
    String::from_utf8(bytes).expect("lines are text")
}

#[test]
fn a_line_is_exact_to_the_byte_where_the_clock_is_set() {
    let clock = ManualClock::at(UNIX_EPOCH + Duration::from_micros(MICROS));
    let text = lines(&clock, || {
        tracing::info!(target: "shop::orders", product = "espresso", quantity = 2, "order_placed");
        clock.advance(Duration::from_micros(999_958));
        tracing::info!(target: "shop::orders", api_key = "hunter2", "order_placed");
    });
    let first = format!(
        r#"{{"timestamp":"2026-01-31T08:15:30.000042Z",{HEAD},"product":"espresso","quantity":2}}"#
    );
    let second =
        format!(r#"{{"timestamp":"2026-01-31T08:15:31.000000Z",{HEAD},"api_key":"[REDACTED]"}}"#);
    assert_eq!(text, format!("{first}\n{second}\n"));
}

#[test]
fn a_line_of_a_request_is_exact_to_the_byte_too() {
    let clock = ManualClock::at(UNIX_EPOCH);
    clock.set(UNIX_EPOCH + Duration::from_micros(MICROS));
    let route = Route::new("POST", "/v1/orders");
    let request = NewRequest::new(&route, "/v1/orders");
    let context = request
        .request_id(Some("client-id-1"))
        .begin(&Tracer::off());
    context.bind_identity(Identity {
        tenant_id: "acme".into(),
        user_id: Some("ada".into()),
    });
    let log = || tracing::info!(target: "shop::orders", user_id = "bob", "order_placed");
    let text = lines(&clock, || context.enter(log));
    let (trace_id, span_id) = (context.trace_id(), context.span_id());
    let context = format!(
        r#""trace_id":"{trace_id}","span_id":"{span_id}","trace_flags":"00","request_id":"client-id-1","tenant_id":"acme","method":"POST","path":"/v1/orders","route":"/v1/orders""#
    );
    assert_eq!(
        text,
        format!(
            "{{\"timestamp\":\"2026-01-31T08:15:30.000042Z\",{HEAD},{context},\"user_id\":\"bob\"}}\n"
        )
    );
}
