use std::collections::BTreeMap;

use belvedere_testing::ReceivedSpan;

use super::started;

/// Name, rows if any, SQLSTATE if any: in their order.
const STATEMENTS: [(&str, Option<&str>, Option<&str>); 13] = [
    ("INSERT visits", None, None),
    ("SELECT orders", Some("1"), None),
    ("SELECT orders", Some("0"), None),
    ("SELECT visits", Some("2"), None),
    ("SELECT", Some("3"), None),
    ("COPY orders", Some("1"), None),
    ("BEGIN", None, None),
    ("COPY visits", None, None),
    ("SAVEPOINT", None, None),
    ("INSERT orders", None, Some("23505")),
    ("ROLLBACK", None, None),
    ("SELECT orders", Some("1"), None),
    ("COMMIT", None, None),
];

fn told<'s>(span: &'s ReceivedSpan, key: &str) -> Option<&'s str> {
    span.attributes.get(key).map(String::as_str)
}

#[tokio::test]
async fn every_way_to_run_a_statement_arrives_below_its_request() {
    let service = started();
    let answer = service.anonymous().get("/ways").await;
    assert_eq!((answer.status, &*answer.text()), (200, "1 true"));
    let completed = service.completed(&answer.header("x-request-id")).await;
    let trace_id = completed["trace_id"].as_str().unwrap();
    service.trace(trace_id).await;

    let spans = service.otlp().trace(trace_id);
    let (servers, statements): (Vec<_>, Vec<_>) =
        spans.iter().partition(|span| span.kind == "server");
    let server = servers[0];
    let wanted = &STATEMENTS;
    let names: Vec<_> = statements.iter().map(|span| &*span.name).collect();
    assert_eq!(
        names,
        wanted.iter().map(|(name, ..)| *name).collect::<Vec<_>>()
    );
    for (span, (name, rows, sqlstate)) in statements.iter().zip(wanted) {
        assert_eq!(span.parent_span_id, server.span_id, "{name}");
        assert_eq!(span.kind, "client", "{name}");
        assert_eq!(told(span, "db.response.returned_rows"), *rows, "{name}");
        assert_eq!(told(span, "db.response.status_code"), *sqlstate, "{name}");
        assert_eq!(told(span, "error.type"), *sqlstate, "{name}");
        assert_eq!(span.status_code == 2, sqlstate.is_some(), "{name}");
        assert_common(span, name);
    }
}

fn assert_common(span: &ReceivedSpan, name: &str) {
    let (operation, collection) = name.split_once(' ').unwrap_or((name, ""));
    let wanted = BTreeMap::from([
        ("db.system.name", "postgresql"),
        ("db.operation.name", operation),
    ]);
    for (key, value) in wanted {
        assert_eq!(told(span, key), Some(value), "{name}");
    }
    assert_eq!(
        told(span, "db.collection.name").unwrap_or_default(),
        collection
    );
    assert!(!told(span, "db.namespace").unwrap().is_empty(), "{name}");
    assert!(
        told(span, "db.query.text").unwrap().starts_with(operation),
        "{name}"
    );
    assert!(
        !told(span, "db.query.text").unwrap().contains("keep"),
        "{name}"
    );
}
