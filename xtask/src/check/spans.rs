//! Traces: who is below whom.

use anyhow::{Context, Result, ensure};
use belvedere_testing::ReceivedSpan;

/// Statements about no table.
const TRANSACTION: [&str; 3] = ["BEGIN", "COMMIT", "ROLLBACK"];

/// The spans of one trace.
#[derive(Debug)]
pub(crate) struct Trace(pub(crate) Vec<ReceivedSpan>);

impl Trace {
    /// The server span of this name that has no parent here.
    pub(crate) fn server(&self, name: &str) -> Result<&ReceivedSpan> {
        let mut found = self
            .0
            .iter()
            .filter(|span| span.name == name && span.kind == "server");
        found.next().with_context(|| {
            format!(
                "there is no server span `{name}`; there is: {}",
                self.names()
            )
        })
    }

    /// The span of this name directly below `parent`.
    pub(crate) fn child<'a>(
        &'a self,
        parent: &ReceivedSpan,
        name: &str,
    ) -> Result<&'a ReceivedSpan> {
        let mut found = self.below(parent).filter(|span| span.name == name);
        found.next().with_context(|| {
            format!(
                "there is no span `{name}` below `{}`; there is: {}",
                parent.name,
                self.names()
            )
        })
    }

    /// The SQL span directly below `parent`, checked: client kind, system, text without values.
    pub(crate) fn statement<'a>(
        &'a self,
        parent: &ReceivedSpan,
        system: &str,
    ) -> Result<&'a ReceivedSpan> {
        let mut found = self.below(parent).filter(|span| {
            operation(span).is_some_and(|operation| !TRANSACTION.contains(&operation))
        });
        let span = found.next();
        let span = span.with_context(|| {
            format!(
                "there is no SQL span below `{}`; there is: {}",
                parent.name,
                self.names()
            )
        })?;
        check_statement(span, system)?;
        Ok(span)
    }

    fn below<'a>(
        &'a self,
        parent: &ReceivedSpan,
    ) -> impl Iterator<Item = &'a ReceivedSpan> + use<'a> {
        let parent = parent.span_id.clone();
        self.0
            .iter()
            .filter(move |span| span.parent_span_id == parent)
    }

    fn names(&self) -> String {
        let names: Vec<_> = self.0.iter().map(|span| span.name.as_str()).collect();
        names.join(", ")
    }
}

fn operation(span: &ReceivedSpan) -> Option<&str> {
    span.attributes.get("db.operation.name").map(String::as_str)
}

fn check_statement(span: &ReceivedSpan, system: &str) -> Result<()> {
    let attribute = |key: &str| span.attributes.get(key).map_or("", String::as_str);
    let name = &span.name;
    ensure!(
        span.kind == "client",
        "the SQL span `{name}` is of kind {}",
        span.kind
    );
    let found = attribute("db.system.name");
    ensure!(
        found == system,
        "the SQL span `{name}` has db.system.name {found}, not {system}"
    );
    for key in [
        "db.namespace",
        "db.operation.name",
        "db.collection.name",
        "db.query.text",
    ] {
        ensure!(
            !attribute(key).is_empty(),
            "the SQL span `{name}` has no {key}"
        );
    }
    let expected = format!(
        "{} {}",
        attribute("db.operation.name"),
        attribute("db.collection.name")
    );
    ensure!(
        *name == expected,
        "the SQL span is called `{name}`, not `{expected}`"
    );
    Ok(())
}

/// Fails unless the span carries this attribute.
pub(crate) fn expect(span: &ReceivedSpan, key: &str, value: &str) -> Result<()> {
    let found = span.attributes.get(key).map_or("missing", String::as_str);
    ensure!(
        found == value,
        "`{}` has {key} {found}, not {value}",
        span.name
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn span(id: &str, parent: &str, name: &str, kind: &'static str) -> ReceivedSpan {
        ReceivedSpan {
            trace_id: "t".to_owned(),
            span_id: id.to_owned(),
            parent_span_id: parent.to_owned(),
            name: name.to_owned(),
            kind,
            trace_state: String::new(),
            attributes: BTreeMap::new(),
            status_code: 0,
            start_nanos: 0,
            end_nanos: 0,
            links: Vec::new(),
            resource: BTreeMap::new(),
        }
    }

    fn sql() -> ReceivedSpan {
        let pairs = [
            ("db.system.name", "sqlite"),
            ("db.namespace", "shop.db"),
            ("db.operation.name", "SELECT"),
            ("db.collection.name", "products"),
            ("db.query.text", "SELECT 1 FROM products WHERE name = $1"),
        ];
        let pairs = pairs
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        ReceivedSpan {
            attributes: pairs.collect(),
            ..span("3", "2", "SELECT products", "client")
        }
    }

    fn trace() -> Trace {
        let root = span("1", "", "POST /v1/orders", "server");
        let inner = span("2", "1", "validate_inventory", "internal");
        Trace(vec![sql(), inner, root])
    }

    #[test]
    fn a_chain_is_followed() {
        let trace = trace();
        let root = trace.server("POST /v1/orders").unwrap();
        let inner = trace.child(root, "validate_inventory").unwrap();
        trace.statement(inner, "sqlite").unwrap();
        assert!(trace.child(root, "SELECT products").is_err());
        assert!(trace.statement(inner, "postgresql").is_err());
        assert!(trace.server("validate_inventory").is_err());
    }

    #[test]
    fn a_statement_without_its_attributes_is_refused() {
        for key in ["db.namespace", "db.query.text", "db.collection.name"] {
            let mut bad = sql();
            bad.attributes.remove(key);
            let fault = check_statement(&bad, "sqlite").unwrap_err().to_string();
            assert!(fault.contains(key), "{fault}");
        }
        let renamed = ReceivedSpan {
            name: "query".to_owned(),
            ..sql()
        };
        assert!(check_statement(&renamed, "sqlite").is_err());
        assert!(expect(&sql(), "db.system.name", "mysql").is_err());
    }
}
