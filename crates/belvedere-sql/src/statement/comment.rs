//! Tags for the server's own log, behind the statement (sqlcommenter: google.github.io/sqlcommenter/spec).

use std::fmt::Write;

use belvedere_core::{RequestContext, trace::TraceParent};

/// Which tags there are.
#[derive(Debug, Default)]
pub(crate) struct Comments {
    /// Encoded already; `None` without tags.
    application: Option<String>,
    traceparent: bool,
}

/// A statement with its tags.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Commented {
    pub(crate) sql: String,
    /// Whether it is one of many that differ in their tags alone: it must not push others out of the statement cache.
    pub(crate) is_unique: bool,
}

impl Comments {
    pub(crate) fn new(application: Option<&str>, traceparent: bool) -> Self {
        Self {
            application: application.map(encoded),
            traceparent,
        }
    }

    /// `None` where nothing is added: tags are off, or the statement has a comment of its own, which the specification
    /// leaves alone.
    pub(super) fn add_to(&self, sql: &str, span: Option<&TraceParent>) -> Option<Commented> {
        if self.application.is_none() && !self.traceparent || has_comment(sql) {
            return None;
        }
        let parent = span.filter(|span| self.traceparent && span.sampled);
        let mut tags = String::new();
        if let Some(application) = &self.application {
            push(&mut tags, "application", application);
            RequestContext::with(|context| push(&mut tags, "route", &encoded(context.route())));
        }
        if let Some(parent) = parent {
            push(&mut tags, "traceparent", &parent.to_string());
        }
        (!tags.is_empty()).then(|| Commented {
            sql: format!("{} /*{tags}*/", sql.trim_end()),
            is_unique: parent.is_some(),
        })
    }
}

fn has_comment(sql: &str) -> bool {
    sql.contains("/*") || sql.contains("--")
}

/// `encoded` values only: no quote and no `*/` is left in one.
fn push(tags: &mut String, key: &str, encoded: &str) {
    let comma = if tags.is_empty() { "" } else { "," };
    let _ = write!(tags, "{comma}{key}='{encoded}'");
}

/// RFC 3986: all but unreserved characters as `%XX`.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_end_the_comment_or_its_quotes() {
        let comments = Comments::new(Some("sh'op */ DROP"), false);
        let commented = comments.add_to("SELECT 1\n", None).unwrap();
        assert_eq!(
            commented.sql,
            "SELECT 1 /*application='sh%27op%20%2A%2F%20DROP'*/"
        );
        assert!(!commented.is_unique);
    }

    #[test]
    fn a_comment_of_the_statement_itself_is_left_alone() {
        let comments = Comments::new(Some("shop"), true);
        assert_eq!(comments.add_to("SELECT 1 /* mine */", None), None);
        assert_eq!(comments.add_to("SELECT 1 -- mine", None), None);
        assert_eq!(Comments::default().add_to("SELECT 1", None), None);
    }
}
