use std::time::{Duration, SystemTime};

use opentelemetry_proto::tonic::{
    common::v1::any_value::Value as Any,
    logs::v1::{LogRecord, ScopeLogs},
};
use prost::Message;

use super::*;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

fn records(lines: &[&str]) -> Vec<LogRecord> {
    let mut out = Vec::new();
    for line in lines {
        log_record(&mut out, line.as_bytes(), moment());
    }
    ScopeLogs::decode(&*out).unwrap().log_records
}

fn record(line: &str) -> LogRecord {
    records(&[line]).pop().unwrap()
}

fn moment() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_nanos(1_700_000_000_123_456_789)
}

fn attribute(record: &LogRecord, key: &str) -> Option<Any> {
    let mut found = record.attributes.iter().filter(|pair| pair.key == key);
    let value = found.next()?.value.clone()?.value;
    assert!(found.next().is_none(), "{key} stands twice");
    value
}

fn text(text: &str) -> Option<Any> {
    Some(Any::StringValue(text.to_owned()))
}

#[test]
fn a_line_of_a_request_has_its_ids_its_level_and_what_else_it_says() {
    let record = record(&format!(
        "{{\"timestamp\":\"2023-11-14T22:13:20.123456Z\",\"level\":\"warn\",\"message\":\"order \\\"7\\\" é\",\
         \"target\":\"shop::orders\",\"service\":\"shop\",\"environment\":\"test\",\"version\":\"1\",\
         \"trace_id\":\"{TRACE}\",\"span_id\":\"00f067aa0ba902b7\",\"trace_flags\":\"01\",\"request_id\":\"r-1\",\
         \"tenant_id\":\"acme\",\"count\":3,\"negative\":-4,\"ratio\":0.5,\"large\":18446744073709551616,\"ok\":true,\
         \"nothing\":null,\"odd\\\"key\":\"x\",\"empty\":\"\"}}\n"
    ));
    assert_eq!(record.time_unix_nano, 1_700_000_000_123_456_789);
    assert_eq!(record.observed_time_unix_nano, record.time_unix_nano);
    assert_eq!(
        (record.severity_number, &*record.severity_text),
        (13, "warn")
    );
    assert_eq!(record.body.clone().unwrap().value, text("order \"7\" é"));
    assert_eq!(
        record.trace_id,
        0x4bf92f3577b34da6a3ce929d0e0e4736_u128.to_be_bytes()
    );
    assert_eq!(record.span_id, 0x00f0_67aa_0ba9_02b7_u64.to_be_bytes());
    assert_eq!(record.flags, 1);
    let wanted = [
        ("target", text("shop::orders")),
        ("request_id", text("r-1")),
        ("tenant_id", text("acme")),
        ("count", Some(Any::IntValue(3))),
        ("negative", Some(Any::IntValue(-4))),
        ("ratio", Some(Any::DoubleValue(0.5))),
        ("large", text("18446744073709551616")),
        ("ok", Some(Any::BoolValue(true))),
        ("odd\"key", text("x")),
        ("empty", text("")),
    ];
    for (key, value) in &wanted {
        assert_eq!(attribute(&record, key), *value, "{key}");
    }
    assert_eq!(record.attributes.len(), wanted.len());
}

#[test]
fn every_level_has_its_severity_and_critical_is_fatal() {
    for (level, number) in [
        ("trace", 1),
        ("debug", 5),
        ("info", 9),
        ("warn", 13),
        ("error", 17),
        ("critical", 21),
    ] {
        let record = record(&format!("{{\"level\":\"{level}\",\"message\":\"x\"}}\n"));
        assert_eq!(
            (record.severity_number, &*record.severity_text),
            (number, level)
        );
        assert_eq!((record.flags, record.trace_id.len()), (0, 0));
    }
}

#[test]
fn what_only_looks_like_an_id_is_an_attribute() {
    for id in [TRACE.replace('4', "x"), "7".to_owned()] {
        let record = record(&format!("{{\"level\":\"info\",\"trace_id\":\"{id}\"}}\n"));
        assert_eq!(record.trace_id, [0; 0]);
        assert_eq!(attribute(&record, "trace_id"), text(&id));
    }
}

#[test]
fn lines_in_a_row_are_records_in_a_row_and_half_a_line_is_no_harm() {
    let found = records(&[
        "{\"message\":\"one\"}\n",
        "{\"message\":\"tw",
        "",
        "{\"message\":\"three\"}\n",
    ]);
    let bodies = found
        .into_iter()
        .map(|record| record.body.and_then(|body| body.value));
    assert_eq!(
        bodies.collect::<Vec<_>>(),
        [text("one"), None, None, text("three")]
    );
}
