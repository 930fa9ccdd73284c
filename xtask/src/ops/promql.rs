//! Which series a PromQL expression asks for, and by which labels. That it parses at all is `promtool`'s to say.

use super::names::{Known, OF_THE_TARGET};

/// Words that are neither series nor functions.
const WORDS: [&str; 8] = [
    "and", "or", "unless", "offset", "bool", "Inf", "NaN", "atan2",
];
/// Words before a list of labels.
const LISTS: [&str; 6] = [
    "by",
    "without",
    "on",
    "ignoring",
    "group_left",
    "group_right",
];

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Name(String),
    /// What stands in quotes.
    Text(String),
    Mark(char),
}

/// One series with the labels that choose among its kind.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Selector {
    pub(crate) name: String,
    pub(super) labels: Vec<String>,
    /// Labels and what they are held against: a word, or words apart by `|`.
    values: Vec<(String, String)>,
    at: usize,
}

/// A label that results are told apart or matched by, and the part of the expression that has to have it.
#[derive(Debug)]
struct Grouping {
    label: String,
    from: usize,
    to: usize,
}

/// An expression, as far as names go.
#[derive(Debug, Default)]
pub(crate) struct Query {
    pub(crate) selectors: Vec<Selector>,
    groupings: Vec<Grouping>,
}

impl Query {
    pub(crate) fn parse(expression: &str) -> Self {
        let tokens = tokens(expression);
        let mut query = Self::default();
        let mut at = 0;
        while at < tokens.len() {
            at = query.take(&tokens, at);
        }
        query
    }

    /// Reads what begins at `at`; returns where to go on.
    fn take(&mut self, tokens: &[Token], at: usize) -> usize {
        let Token::Name(name) = &tokens[at] else {
            return at + 1;
        };
        let next = tokens.get(at + 1);
        if LISTS.contains(&name.as_str()) {
            return self.take_list(tokens, at);
        }
        if is_call(next) || WORDS.contains(&name.as_str()) {
            return at + 1;
        }
        let values = match next {
            Some(Token::Mark('{')) => chosen(tokens, at + 1),
            _ => Vec::new(),
        };
        self.selectors.push(Selector {
            name: name.clone(),
            labels: values.iter().map(|(label, _)| label.clone()).collect(),
            values,
            at,
        });
        match next {
            Some(Token::Mark('{')) => closing(tokens, at + 1) + 1,
            _ => at + 1,
        }
    }

    /// `sum by (a) (..)`, `sum (..) by (a)`, `.. on (a) ..`.
    fn take_list(&mut self, tokens: &[Token], at: usize) -> usize {
        if tokens.get(at + 1) != Some(&Token::Mark('(')) {
            return at + 1;
        }
        let end = closing(tokens, at + 1);
        let aggregates =
            matches!(&tokens[at], Token::Name(name) if name == "by" || name == "without");
        let (from, to) = match aggregates {
            true if tokens.get(end + 1) == Some(&Token::Mark('(')) => {
                (end + 1, closing(tokens, end + 1))
            }
            true => (opening(tokens, at), at),
            false => (0, tokens.len()),
        };
        for token in &tokens[at + 1..end] {
            if let Token::Name(label) = token {
                let label = label.clone();
                self.groupings.push(Grouping { label, from, to });
            }
        }
        end + 1
    }

    /// Series that nobody exports, and labels that they do not have.
    pub(crate) fn faults(&self, known: &Known) -> Vec<String> {
        let selectors = self
            .selectors
            .iter()
            .flat_map(|selector| selector.faults(known));
        let groupings = self.groupings.iter();
        let groupings = groupings.filter_map(|grouping| self.grouping_fault(grouping, known));
        selectors.chain(groupings).collect()
    }

    fn grouping_fault(&self, grouping: &Grouping, known: &Known) -> Option<String> {
        let Grouping { label, from, to } = grouping;
        let mut inside = self.selectors.iter();
        let has =
            inside.any(|it| (*from..*to).contains(&it.at) && has_label(known, &it.name, label));
        (!has).then(|| format!("nothing it is asked of has the label `{label}`"))
    }

    /// Whether any of its series has the label.
    pub(super) fn has_label(&self, known: &Known, label: &str) -> bool {
        let mut selectors = self.selectors.iter();
        selectors.any(|selector| has_label(known, &selector.name, label))
    }
}

impl Selector {
    fn faults(&self, known: &Known) -> Vec<String> {
        let name = &self.name;
        if known.labels(name).is_none() {
            let hint = match known.is_histogram(name) {
                true => ": it is a histogram, ask for its _bucket, _sum or _count",
                false => "",
            };
            return vec![format!("nobody exports `{name}`{hint}")];
        }
        let unknown = self
            .labels
            .iter()
            .filter(|label| !has_label(known, name, label));
        let unknown = unknown.map(|label| format!("`{name}` has no label `{label}`"));
        let values = self.values.iter();
        let values = values.flat_map(|(label, text)| value_faults(known, name, label, text));
        unknown.chain(values).collect()
    }
}

/// What a label can never be. Patterns that are more than a list of words are left to themselves.
fn value_faults(known: &Known, series: &str, label: &str, text: &str) -> Vec<String> {
    let values = known.values(series, label);
    let is_word = |word: &&str| !word.is_empty() && word.chars().all(is_name);
    let words = text.split('|').filter(is_word);
    let never = words.filter(|word| !values.is_empty() && !values.iter().any(|it| it == word));
    let all = values.join(", ");
    never
        .map(|word| format!("`{label}` of `{series}` is never `{word}`: it is one of {all}"))
        .collect()
}

/// `rate (`, `sum by`.
fn is_call(next: Option<&Token>) -> bool {
    match next {
        Some(Token::Name(name)) => name == "by" || name == "without",
        next => next == Some(&Token::Mark('(')),
    }
}

fn has_label(known: &Known, series: &str, label: &str) -> bool {
    OF_THE_TARGET.contains(&label)
        || known
            .labels(series)
            .is_some_and(|labels| labels.contains(label))
}

/// The labels in `{..}`, which begins at `open`: each stands before what it is held against.
fn chosen(tokens: &[Token], open: usize) -> Vec<(String, String)> {
    let inside = &tokens[open..closing(tokens, open)];
    let pairs = inside.windows(2).filter_map(|pair| match pair {
        [Token::Name(label), Token::Text(text)] => Some((label.clone(), text.clone())),
        _ => None,
    });
    pairs.collect()
}

/// Where what is opened at `open` is closed.
fn closing(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token {
            Token::Mark('(' | '{') => depth += 1,
            Token::Mark(')' | '}') => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at;
        }
    }
    tokens.len() - 1
}

/// Where the group that ends before `end` was opened.
fn opening(tokens: &[Token], end: usize) -> usize {
    let mut depth = 0_usize;
    for at in (0..end).rev() {
        match tokens[at] {
            Token::Mark(')' | '}') => depth += 1,
            Token::Mark('(' | '{') => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return at;
        }
    }
    0
}

/// Numbers, durations, comments and a shell's `$W` are left out.
fn tokens(expression: &str) -> Vec<Token> {
    let mut rest = expression;
    let mut found = Vec::new();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' | '\'' => quoted(rest),
            '#' => rest.find('\n').unwrap_or(rest.len()),
            '$' | '0'..='9' => 1 + word(&rest[1..]),
            first if is_name(first) => word(rest),
            other => other.len_utf8(),
        };
        let (token, after) = rest.split_at(length);
        found.extend(kind(first, token));
        rest = after;
    }
    found
}

fn kind(first: char, token: &str) -> Option<Token> {
    match first {
        '"' | '\'' => Some(Token::Text(token.trim_matches(first).to_owned())),
        '$' | '#' | '0'..='9' => None,
        first if is_name(first) => Some(Token::Name(token.to_owned())),
        '(' | ')' | '{' | '}' => Some(Token::Mark(first)),
        _ => None,
    }
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == ':'
}

fn word(text: &str) -> usize {
    text.find(|c| !is_name(c)).unwrap_or(text.len())
}

fn quoted(text: &str) -> usize {
    let quote = text.as_bytes()[0];
    let mut is_escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            byte if byte == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(expression: &str) -> Vec<String> {
        let query = Query::parse(expression);
        query
            .selectors
            .into_iter()
            .map(|selector| selector.name)
            .collect()
    }

    #[test]
    fn series_are_told_from_functions_words_labels_and_durations() {
        let expression = r#"
          histogram_quantile(0.99, sum by (service, le) (rate(a_bucket{path!~"/x(y)?z",b='c'}[5m] offset 1h)))
          and on (instance) service:x:rate5m > 1e3 or time() - max without (job) (b_seconds) > bool 26 * 60 # rate(c)
        "#;
        assert_eq!(
            names(expression),
            ["a_bucket", "service:x:rate5m", "b_seconds"]
        );
        assert_eq!(names("up{service='$SERVICE'}[$W] == +Inf"), ["up"]);
        let query = Query::parse(expression);
        assert_eq!(query.selectors[0].labels, ["path", "b"]);
    }

    #[test]
    fn a_label_is_looked_for_where_it_is_asked_of() {
        let query = Query::parse("sum by (a) (x) / (sum(y) by (b)) * on (c) group_left (d) z");
        let over = |label: &str| {
            let grouping = query.groupings.iter().find(|it| it.label == label).unwrap();
            let inside = query
                .selectors
                .iter()
                .filter(|it| (grouping.from..grouping.to).contains(&it.at));
            inside.map(|it| it.name.as_str()).collect::<Vec<_>>()
        };
        assert_eq!(over("a"), ["x"]);
        assert_eq!(over("b"), ["y"]);
        assert_eq!(over("c"), ["x", "y", "z"]);
    }
}
