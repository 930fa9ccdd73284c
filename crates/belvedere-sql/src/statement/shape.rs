//! What a statement does, and to what: read off its text, without a grammar.

use std::iter::Peekable;

use super::lexer::{Token, Tokens};

/// The values of `db.operation.name` that name a table as well.
const ON_TABLES: [&str; 11] = [
    "SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "REPLACE", "CREATE", "ALTER", "DROP",
    "TRUNCATE", "COPY",
];
/// The others.
const ELSE: [&str; 16] = [
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "SAVEPOINT",
    "RELEASE",
    "SET",
    "SHOW",
    "PRAGMA",
    "EXPLAIN",
    "ANALYZE",
    "VACUUM",
    "LOCK",
    "LISTEN",
    "NOTIFY",
    "CALL",
    "VALUES",
];
/// What every other statement is called: the label stays a closed set.
const OTHER: &str = "OTHER";
/// A table's name follows.
const BEFORE_TABLE: [&str; 3] = ["FROM", "INTO", "TABLE"];
/// May stand between such a word, or `UPDATE` or `COPY`, and the name.
const NOISE: [&str; 12] = [
    "TABLE", "ONLY", "IF", "NOT", "EXISTS", "LATERAL", "OR", "ROLLBACK", "ABORT", "REPLACE",
    "FAIL", "IGNORE",
];

/// The two words that name a statement in metrics and spans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape<'s> {
    /// Upper case, out of a closed set.
    pub(super) operation: &'static str,
    /// The first table, without schema and quotes; empty when none was found.
    pub(super) collection: &'s str,
}

impl<'s> Shape<'s> {
    /// Reads `sql` up to its first table.
    pub(super) fn of(sql: &'s str) -> Self {
        let mut scan = Scan {
            tokens: Tokens::of(sql).peekable(),
            depth: 0,
        };
        let operation = scan.operation();
        let collection = match operation {
            "UPDATE" | "COPY" => scan.name(),
            _ if ON_TABLES.contains(&operation) => scan.table(),
            _ => None,
        };
        Self {
            operation,
            collection: collection.unwrap_or_default(),
        }
    }
}

struct Scan<'s> {
    tokens: Peekable<Tokens<'s>>,
    /// How many brackets are open.
    depth: u32,
}

impl<'s> Scan<'s> {
    fn next(&mut self) -> Option<Token<'s>> {
        let token = self
            .tokens
            .find(|token| !matches!(token, Token::Space(_) | Token::Comment))?;
        match token {
            Token::Other("(") => self.depth += 1,
            Token::Other(")") => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        Some(token)
    }

    fn word(&mut self) -> Option<&'s str> {
        loop {
            if let Token::Word(word) = self.next()? {
                return Some(word);
            }
        }
    }

    /// The first word; after `WITH`, the verb behind its bracketed parts.
    fn operation(&mut self) -> &'static str {
        let Some(first) = self.word() else {
            return OTHER;
        };
        if !first.eq_ignore_ascii_case("WITH") {
            return one_of(&ON_TABLES, first)
                .or(one_of(&ELSE, first))
                .unwrap_or(OTHER);
        }
        let outside = self.depth;
        while let Some(word) = self.word() {
            match one_of(&ON_TABLES[..5], word) {
                Some(verb) if self.depth == outside => return verb,
                _ => {}
            }
        }
        OTHER
    }

    /// The name behind the first `FROM`, `INTO` or `TABLE` of this depth; of a sub-select, its own.
    fn table(&mut self) -> Option<&'s str> {
        let mut depth = self.depth;
        loop {
            let word = self.word()?;
            if self.depth != depth || one_of(&BEFORE_TABLE, word).is_none() {
                continue;
            }
            let name = self.name();
            if name.is_some() || self.depth <= depth {
                return name.filter(|_| !self.is_called(word));
            }
            depth = self.depth;
        }
    }

    /// `schema."name"` -> `name`.
    fn name(&mut self) -> Option<&'s str> {
        let mut token = self.next()?;
        while matches!(token, Token::Word(word) if one_of(&NOISE, word).is_some()) {
            token = self.next()?;
        }
        let mut name = bare(token)?;
        while self.tokens.next_if_eq(&Token::Other(".")).is_some() {
            name = bare(self.next()?)?;
        }
        Some(name)
    }

    /// `FROM generate_series(...)` names a function.
    fn is_called(&mut self, keyword: &str) -> bool {
        keyword.eq_ignore_ascii_case("FROM") && self.tokens.peek() == Some(&Token::Other("("))
    }
}

fn bare(token: Token<'_>) -> Option<&str> {
    match token {
        Token::Word(name) => Some(name),
        Token::Quoted(name) => name.get(1..name.len().saturating_sub(1)),
        _ => None,
    }
}

fn one_of(words: &[&'static str], word: &str) -> Option<&'static str> {
    words
        .iter()
        .copied()
        .find(|known| known.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operation_and_table_are_read_off_the_text() {
        for (sql, operation, collection) in [
            ("select * from orders where id = $1", "SELECT", "orders"),
            ("  -- why\n/* how */ SELECT 1", "SELECT", ""),
            (
                "SELECT extract(epoch FROM at) FROM public.\"Order\" o",
                "SELECT",
                "Order",
            ),
            ("(SELECT a FROM b) UNION SELECT c FROM d", "SELECT", "b"),
            (
                "SELECT * FROM (SELECT a FROM inner_one) x",
                "SELECT",
                "inner_one",
            ),
            ("SELECT (SELECT count(*) FROM b) FROM a", "SELECT", "a"),
            ("SELECT * FROM generate_series(1, 3)", "SELECT", ""),
            ("SELECT * FROM (VALUES (1)) v", "SELECT", ""),
            (
                "INSERT OR REPLACE INTO users(email) VALUES (?)",
                "INSERT",
                "users",
            ),
            ("INSERT INTO `users` SELECT * FROM old", "INSERT", "users"),
            (
                "UPDATE ONLY shop.stock SET n = n - 1 FROM orders",
                "UPDATE",
                "stock",
            ),
            ("UPDATE OR IGNORE stock SET n = 1", "UPDATE", "stock"),
            ("DELETE FROM sessions", "DELETE", "sessions"),
            (
                "WITH a AS (SELECT * FROM x), b AS (SELECT 1) UPDATE y SET n = 1",
                "UPDATE",
                "y",
            ),
            ("WITH a AS (SELECT * FROM x) SELECT * FROM a", "SELECT", "a"),
            ("CREATE TABLE IF NOT EXISTS t (id INTEGER)", "CREATE", "t"),
            ("CREATE INDEX i ON t (id)", "CREATE", ""),
            ("TRUNCATE TABLE t", "TRUNCATE", "t"),
            ("COPY public.t (a) FROM STDIN", "COPY", "t"),
            ("BEGIN IMMEDIATE", "BEGIN", ""),
            ("COMMIT", "COMMIT", ""),
            ("PRAGMA journal_mode = WAL", "PRAGMA", ""),
            ("GRANT ALL ON t TO u", "OTHER", ""),
            ("SELECT * FROM", "SELECT", ""),
            ("SELECT * FROM 'x", "SELECT", ""),
            ("", "OTHER", ""),
        ] {
            assert_eq!(
                Shape::of(sql),
                Shape {
                    operation,
                    collection
                },
                "{sql}"
            );
        }
    }
}
