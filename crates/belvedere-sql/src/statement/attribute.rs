//! Attribute keys: OpenTelemetry semantic conventions, database client spans (stable).

pub(super) const SYSTEM: &str = "db.system.name";
pub(super) const NAMESPACE: &str = "db.namespace";
pub(super) const OPERATION: &str = "db.operation.name";
pub(super) const COLLECTION: &str = "db.collection.name";
pub(super) const QUERY_TEXT: &str = "db.query.text";
pub(super) const RETURNED_ROWS: &str = "db.response.returned_rows";
pub(super) const STATUS_CODE: &str = "db.response.status_code";
pub(super) const ERROR_TYPE: &str = "error.type";
