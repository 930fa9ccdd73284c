//! The text of a statement as people may see it.

use std::{borrow::Cow, sync::Arc};

use super::lexer::{Token, Tokens};

/// A span's text is cut here: a bulk insert must not fill the exporter's queue.
const SPAN_TEXT: usize = 4096;

/// What is known of a text, to show it.
#[derive(Debug, Clone)]
pub(super) enum Shown {
    /// Nothing: it is read when it is to be shown.
    Unread,
    /// There is nothing in it to replace.
    AsItIs,
    Masked(Arc<str>),
}

impl Shown {
    pub(super) fn of(sql: &str) -> Self {
        match span_text(sql) {
            Cow::Borrowed(text) if text.len() == sql.len() => Self::AsItIs,
            text => Self::Masked(text.into()),
        }
    }

    /// `db.query.text` of `sql`, which this is of.
    pub(super) fn text<'s>(&'s self, sql: &'s str) -> Cow<'s, str> {
        match self {
            Self::Unread => span_text(sql),
            Self::AsItIs => Cow::Borrowed(sql),
            Self::Masked(text) => Cow::Borrowed(text),
        }
    }
}

/// `db.query.text`: literals replaced by `?`.
fn span_text(sql: &str) -> Cow<'_, str> {
    match masked(sql) {
        Cow::Borrowed(text) => Cow::Borrowed(&text[..text.floor_char_boundary(SPAN_TEXT)]),
        Cow::Owned(mut text) => {
            text.truncate(text.floor_char_boundary(SPAN_TEXT));
            Cow::Owned(text)
        }
    }
}

/// On one line, of at most `limit` characters, literals replaced by `?`.
pub(super) fn line(sql: &str, limit: usize) -> String {
    let text = masked(sql);
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        if line.len() > 4 * limit {
            break;
        }
    }
    if let Some((end, _)) = line.char_indices().nth(limit) {
        line.truncate(end);
    }
    line
}

/// Replaces strings and numbers by `?`; comments go with them.
fn masked(sql: &str) -> Cow<'_, str> {
    if !may_hold_literal(sql) {
        return Cow::Borrowed(sql);
    }
    let shown = Tokens::of(sql).map(|token| match token {
        Token::Word(text) | Token::Quoted(text) | Token::Space(text) | Token::Other(text) => text,
        Token::Literal => "?",
        Token::Comment => " ",
    });
    Cow::Owned(shown.collect())
}

/// A quote, a comment, a `$` that begins no placeholder, or a digit that belongs to neither a name nor a placeholder.
fn may_hold_literal(sql: &str) -> bool {
    let mut before = b' ';
    sql.bytes().any(|byte| {
        let last = std::mem::replace(&mut before, byte);
        match byte {
            b'\'' => true,
            b'0'..=b'9' => {
                !(last.is_ascii_alphanumeric() || matches!(last, b'_' | b'$' | b'?' | 0x80..))
            }
            b'-' | b'*' => matches!(last, b'-' | b'/'),
            _ => last == b'$',
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_literal_is_shown() {
        assert_eq!(
            span_text("SELECT 'a''b', \"c\", $1, $$d$$"),
            "SELECT ?, \"c\", $1, ?"
        );
        assert_eq!(span_text("-- it's\nSELECT 'secret'"), " \nSELECT ?");
        assert_eq!(span_text("SELECT 4111 /* 'x' */ -- y"), "SELECT ?    ");
        assert_eq!(span_text("SELECT $$ secret $$"), "SELECT ?");
        for plain in [
            "SELECT a1 FROM t_2 WHERE b = $12",
            "SELECT ?1, ?, :a1, \"b\"",
        ] {
            assert!(matches!(span_text(plain), Cow::Borrowed(_)), "{plain}");
        }
    }

    #[test]
    fn what_is_remembered_of_a_text_is_what_would_be_read_anew() {
        let long = format!("SELECT a FROM {}", "b".repeat(SPAN_TEXT));
        for sql in ["SELECT a FROM b", "SELECT 'a' FROM b", &long] {
            assert_eq!(Shown::of(sql).text(sql), span_text(sql));
            assert_eq!(Shown::Unread.text(sql), span_text(sql));
        }
        assert!(matches!(Shown::of("SELECT a"), Shown::AsItIs));
    }

    #[test]
    fn a_line_has_no_breaks_and_at_most_so_many_characters() {
        assert_eq!(line("SELECT *\n   FROM  t\n", 200), "SELECT * FROM t");
        let long = line(&format!("SELECT {}", "\u{e9} ".repeat(500)), 200);
        assert_eq!(long.chars().count(), 200);
        assert_eq!(line("SELECT \u{e9}\u{e9}", 8), "SELECT \u{e9}");
    }

    #[test]
    fn a_span_text_is_cut_on_a_character() {
        let text = "\u{e9}".repeat(SPAN_TEXT);
        assert_eq!(span_text(&text).len(), SPAN_TEXT);
        assert_eq!(span_text(&format!("''{text}")).len(), SPAN_TEXT - 1);
    }
}
