use std::time::Duration;

/// What a constant or a default in the code says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Number {
    Plain(u64),
    Time(Duration),
}

/// The value of the constant, knob or field `name`: `const NAME: T = ..;`, `name: T = ..,` or `name: ..,`.
pub(super) fn find(code: &str, name: &str) -> Option<Number> {
    code.lines().find_map(|line| value(line, name))
}

fn value(line: &str, name: &str) -> Option<Number> {
    let is_before = |at: usize| line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
    let at = line.find(&format!("{name}:"))?;
    if is_before(at) {
        return None;
    }
    let typed = &line[at + name.len() + 1..];
    let value = typed.split_once(" = ").map_or(typed, |(_, value)| value);
    number(value.trim().trim_end_matches([';', ',']))
}

fn number(text: &str) -> Option<Number> {
    let within = |before: &str| text.strip_prefix(before)?.strip_suffix(')');
    let time = |text: Option<&str>, unit: fn(u64) -> Duration| text.and_then(product).map(unit);
    time(within("Duration::from_secs("), Duration::from_secs)
        .or_else(|| time(within("Duration::from_millis("), Duration::from_millis))
        .or_else(|| time(within("Seconds::new("), Duration::from_secs))
        .map(Number::Time)
        .or_else(|| product(text).map(Number::Plain))
}

/// `16 * 1024`, `1_000`.
fn product(text: &str) -> Option<u64> {
    let factors = text.split('*');
    let factors = factors.map(|factor| factor.trim().replace('_', "").parse::<u64>().ok());
    factors.product()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &str = "/// MAX: no value\nconst MAX_URI: usize = 8 * 1024;\n\
        pub(crate) const WAIT: Duration = Duration::from_secs(2 * 60);\n    pub max_ends: u32 = 10_000,\n\
        pub wait: Seconds = Seconds::new(30),\n            write: Duration::from_millis(1_500),\nconst NAME: &str = \"x\";\n";

    #[test]
    fn a_number_is_read_in_each_of_its_forms() {
        let time = |millis| Some(Number::Time(Duration::from_millis(millis)));
        assert_eq!(find(CODE, "MAX_URI"), Some(Number::Plain(8192)));
        assert_eq!(find(CODE, "max_ends"), Some(Number::Plain(10_000)));
        assert_eq!(find(CODE, "WAIT"), time(120_000));
        assert_eq!(find(CODE, "wait"), time(30_000));
        assert_eq!(find(CODE, "write"), time(1_500));
    }

    #[test]
    fn what_is_no_number_or_not_there_is_not_found() {
        assert_eq!(find(CODE, "NAME"), None);
        assert_eq!(find(CODE, "URI"), None);
        assert_eq!(find(CODE, "MAX"), None);
    }
}
