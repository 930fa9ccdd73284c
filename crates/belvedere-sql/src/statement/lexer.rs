//! Cuts SQL into tokens: as much as it takes to tell names from literals, in PostgreSQL and SQLite alike.

/// A piece of SQL; all pieces together are the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'s> {
    /// A keyword or a bare name.
    Word(&'s str),
    /// A name in `"` or backticks, quotes included.
    Quoted(&'s str),
    /// A string: `'...'`, `E'...'` or `$tag$...$tag$`, or a number. A string that does not end runs to the end of the text.
    Literal,
    /// White space.
    Space(&'s str),
    /// `-- ...` or `/* ... */`, which nests as in PostgreSQL.
    Comment,
    /// Anything else: operators, brackets, placeholders.
    Other(&'s str),
}

/// The tokens of a text.
#[derive(Debug, Clone)]
pub(super) struct Tokens<'s>(&'s str);

impl<'s> Tokens<'s> {
    pub(super) const fn of(sql: &'s str) -> Self {
        Self(sql)
    }
}

impl<'s> Iterator for Tokens<'s> {
    type Item = Token<'s>;

    fn next(&mut self) -> Option<Token<'s>> {
        let rest = self.0.as_bytes();
        let (len, token): (_, fn(&'s str) -> Token<'s>) = match *rest.first()? {
            b'\'' => (quoted(rest, b'\'', false), |_| Token::Literal),
            b'e' | b'E' if rest.get(1) == Some(&b'\'') => {
                (1 + quoted(&rest[1..], b'\'', true), |_| Token::Literal)
            }
            quote @ (b'"' | b'`') => (quoted(rest, quote, false), Token::Quoted),
            b'-' if rest.starts_with(b"--") => (line(rest), |_| Token::Comment),
            b'/' if rest.starts_with(b"/*") => (comment(rest), |_| Token::Comment),
            b'$' => match dollar_quoted(self.0) {
                Some(len) => (len, |_| Token::Literal),
                None => (1 + run(&rest[1..], is_digit), Token::Other),
            },
            // SQLite's `?1`.
            b'?' => (1 + run(&rest[1..], is_digit), Token::Other),
            byte if is_space(byte) => (run(rest, is_space), Token::Space),
            b'0'..=b'9' => (number(rest), |_| Token::Literal),
            byte if is_name(byte) => (run(rest, is_name), Token::Word),
            _ => (1, Token::Other),
        };
        // Every length ends at an ASCII byte or at the end, which are both boundaries.
        let (piece, rest) = self.0.split_at(len);
        self.0 = rest;
        Some(token(piece))
    }
}

const fn is_space(byte: u8) -> bool {
    byte.is_ascii_whitespace()
}

const fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | 0x80..)
}

const fn is_digit(byte: u8) -> bool {
    byte.is_ascii_digit()
}

/// `17`, `1.5`, `1e10`, `0x1f`.
fn number(text: &[u8]) -> usize {
    let whole = run(text, is_name);
    match text.get(whole..) {
        Some([b'.', b'0'..=b'9', ..]) => whole + 1 + run(&text[whole + 1..], is_name),
        _ => whole,
    }
}

fn run(text: &[u8], belongs: fn(u8) -> bool) -> usize {
    let end = text.iter().position(|&byte| !belongs(byte));
    end.unwrap_or(text.len())
}

/// A doubled quote does not end it, and where `escapes`, nor does one after a backslash.
fn quoted(text: &[u8], quote: u8, escapes: bool) -> usize {
    let mut at = 1;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'\\' if escapes => at += 2,
            _ if byte != quote => at += 1,
            _ if text.get(at + 1) == Some(&quote) => at += 2,
            _ => return at + 1,
        }
    }
    text.len()
}

fn line(text: &[u8]) -> usize {
    let end = text.iter().position(|&byte| byte == b'\n');
    end.unwrap_or(text.len())
}

fn comment(text: &[u8]) -> usize {
    let (mut at, mut depth) = (2, 1);
    while depth > 0 {
        match text.get(at..at + 2) {
            Some(b"/*") => (at, depth) = (at + 2, depth + 1),
            Some(b"*/") => (at, depth) = (at + 2, depth - 1),
            Some(_) => at += 1,
            None => return text.len(),
        }
    }
    at
}

/// `$$...$$` or `$tag$...$tag$` (PostgreSQL); `$1` is a placeholder.
fn dollar_quoted(text: &str) -> Option<usize> {
    let tag_end = 1 + text.get(1..)?.find('$')?;
    let tag = &text[..=tag_end];
    let name = &tag[1..tag_end];
    if name.starts_with(|c: char| c.is_ascii_digit()) || !name.bytes().all(is_name) {
        return None;
    }
    let body = tag_end + 1;
    let end = text[body..].find(tag);
    Some(end.map_or(text.len(), |end| body + end + tag.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(sql: &str) -> String {
        let shown = Tokens::of(sql).map(|token| match token {
            Token::Word(text) | Token::Other(text) | Token::Space(text) => text,
            Token::Quoted(_) => "Q",
            Token::Literal => "L",
            Token::Comment => "C",
        });
        shown.collect()
    }

    #[test]
    fn strings_of_every_kind_are_literals() {
        assert_eq!(shown("a = 'it''s' AND b"), "a = L AND b");
        assert_eq!(shown(r"a = E'it\'s' AND b = 'c:\'"), "a = L AND b = L");
        assert_eq!(
            shown("a = $1 AND b = $$x'$$ AND c = $t$ $$ $t$;"),
            "a = $1 AND b = L AND c = L;"
        );
        assert_eq!(
            shown("a1 = 41.5e3 AND b = -7 AND c = 0x1f"),
            "a1 = L AND b = -L AND c = L"
        );
        assert_eq!(
            shown("a = $12 AND b = ?3 AND c=:d1"),
            "a = $12 AND b = ?3 AND c=:d1"
        );
        assert_eq!(shown("a = 'never ends; \u{e9}"), "a = L");
        assert_eq!(shown("a = E'\\"), "a = L");
    }

    #[test]
    fn a_quote_in_a_comment_or_a_name_begins_no_string() {
        assert_eq!(shown("-- don't\nSELECT \"it's\", `it's`"), "C\nSELECT Q, Q");
        assert_eq!(shown("/* don't /* nest */ 'x' */ 'y'"), "C L");
        assert_eq!(shown("a /* never ends"), "a C");
    }

    #[test]
    fn any_text_is_cut_without_a_panic() {
        let pieces = [
            "'", "\"", "$", "$a$", "/*", "*/", "--", "\\", "é", "E'", " ", "\n", "x1", "1",
        ];
        for first in pieces {
            for second in pieces {
                for third in pieces {
                    let text = [first, second, third].concat();
                    assert!(Tokens::of(&text).count() <= text.len());
                }
            }
        }
    }
}
