use std::collections::BTreeMap;

use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs};

use super::text::{hex, of_attributes, of_resource, of_value};

/// A log record as it arrived, with every value as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedLog {
    /// Nanoseconds since the epoch.
    pub time_nanos: u64,
    /// 1 trace, 5 debug, 9 info, 13 warn, 17 error, 21 fatal.
    pub severity_number: i32,
    /// The level's own name.
    pub severity_text: String,
    /// The message.
    pub body: String,
    /// What else it says.
    pub attributes: BTreeMap<String, String>,
    /// 32 hex digits, empty outside of a request.
    pub trace_id: String,
    /// 16 hex digits, empty outside of a request.
    pub span_id: String,
    /// 1: sampled.
    pub flags: u32,
    /// The attributes of the resource that sent it.
    pub resource: BTreeMap<String, String>,
}

pub(super) fn read_batch(batch: ResourceLogs) -> impl Iterator<Item = ReceivedLog> {
    let resource = of_resource(batch.resource);
    let scopes = batch.scope_logs.into_iter();
    let records = scopes.flat_map(|scope| scope.log_records);
    records.map(move |record| read(record, resource.clone()))
}

fn read(record: LogRecord, resource: BTreeMap<String, String>) -> ReceivedLog {
    ReceivedLog {
        time_nanos: record.time_unix_nano,
        severity_number: record.severity_number,
        severity_text: record.severity_text,
        body: of_value(record.body),
        attributes: of_attributes(record.attributes),
        trace_id: hex(&record.trace_id),
        span_id: hex(&record.span_id),
        flags: record.flags,
        resource,
    }
}
