//! The shipped rules with every duration a sixtieth of what it is: minutes pass in seconds, and nothing else changes.

use anyhow::{Context, Result, bail};
use serde_norway::Value;

/// A minute becomes a second.
const FACTOR: u64 = 60;
/// Where a rule file says a duration outside of an expression.
const DURATIONS: [&str; 2] = ["for", "interval"];
/// A constant that is a duration is written in minutes of 60 seconds.
const MINUTES: &str = " * 60";

/// A rule file, shortened.
pub(super) fn rules(text: &str) -> Result<String> {
    let mut file: Value = serde_norway::from_str(text)?;
    shorten(&mut file)?;
    Ok(serde_norway::to_string(&file)?)
}

fn shorten(value: &mut Value) -> Result<()> {
    match value {
        Value::Mapping(map) => map
            .iter_mut()
            .try_for_each(|(key, value)| shorten_entry(key.as_str().unwrap_or_default(), value)),
        Value::Sequence(list) => list.iter_mut().try_for_each(shorten),
        _ => Ok(()),
    }
}

fn shorten_entry(key: &str, value: &mut Value) -> Result<()> {
    let shorter = match value.as_str() {
        Some(text) if DURATIONS.contains(&key) => duration(text)?,
        Some(text) if key == "expr" => expression(text),
        _ => return shorten(value),
    };
    *value = Value::String(shorter);
    Ok(())
}

/// PromQL, or a script with PromQL in it: `[5m]`, `offset 1h`, `26 * 60 * 60`.
pub(super) fn expression(text: &str) -> String {
    let mut shorter = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, found, after)) = next_duration(rest) {
        shorter.push_str(before);
        shorter.push_str(&found);
        rest = after;
    }
    shorter.push_str(rest);
    shorter
}

/// What stands before the next duration, that duration shortened, and what follows it.
fn next_duration(text: &str) -> Option<(&str, String, &str)> {
    for (at, _) in text.char_indices() {
        let (before, rest) = text.split_at(at);
        let is_introduced = before.ends_with('[') || before.ends_with("offset ");
        let length = rest
            .find(|c: char| !c.is_ascii_alphanumeric())
            .unwrap_or(rest.len());
        if is_introduced && let Ok(shorter) = duration(&rest[..length]) {
            return Some((before, shorter, &rest[length..]));
        }
        // The last factor of `26 * 60 * 60`.
        if let Some(after) = rest.strip_prefix(MINUTES)
            && !after.starts_with(MINUTES)
            && !after.starts_with(|c: char| c.is_ascii_alphanumeric())
        {
            return Some((before, " * 1".to_owned(), after));
        }
    }
    None
}

/// `5m` as `5s`.
fn duration(text: &str) -> Result<String> {
    let unit = text
        .find(|c: char| !c.is_ascii_digit())
        .with_context(|| format!("`{text}` has no unit"))?;
    let (number, unit) = text.split_at(unit);
    let number: u64 = number
        .parse()
        .with_context(|| format!("`{text}` is no duration"))?;
    let milliseconds = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60 * 1000,
        "h" => 60 * 60 * 1000,
        "d" => 24 * 60 * 60 * 1000,
        _ => bail!("`{text}` is no duration"),
    };
    let shorter = number * milliseconds / FACTOR;
    Ok(match shorter % 1000 {
        0 => format!("{}s", shorter / 1000),
        _ => format!("{shorter}ms"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkout::Checkout;
    use crate::ops;
    use std::process::Command;

    fn shipped() -> Vec<(String, String)> {
        let folder = Checkout::find().unwrap().template();
        let files = ops::rule_files(&folder).unwrap();
        let read = |path: std::path::PathBuf| {
            let text = std::fs::read_to_string(&path).unwrap();
            (
                path.file_name().unwrap().to_string_lossy().into_owned(),
                text,
            )
        };
        files.into_iter().map(read).collect()
    }

    /// Seconds of `5m`; another reading of durations than the one that is tested.
    fn seconds(word: &str) -> Option<f64> {
        let at = word.find(|c: char| c.is_ascii_alphabetic())?;
        let number: f64 = word[..at].parse().ok()?;
        let units = [
            ("ms", 0.001),
            ("s", 1.0),
            ("m", 60.0),
            ("h", 3600.0),
            ("d", 86400.0),
        ];
        let unit = units.iter().find(|(unit, _)| *unit == &word[at..])?;
        Some(number * unit.1)
    }

    fn is_sixtieth(long: &str, short: &str) -> bool {
        match (seconds(long), seconds(short)) {
            (Some(long), Some(short)) => (long / short - 60.0).abs() < 1e-9,
            _ => (long, short) == ("60", "1"),
        }
    }

    /// The durations that differ; anything else that differs is an error.
    fn compare(long: &Value, short: &Value) -> usize {
        match (long, short) {
            (Value::Mapping(a), Value::Mapping(b)) => {
                assert_eq!(a.keys().collect::<Vec<_>>(), b.keys().collect::<Vec<_>>());
                a.iter().map(|(key, value)| compare(value, &b[key])).sum()
            }
            (Value::Sequence(a), Value::Sequence(b)) => {
                assert_eq!(a.len(), b.len());
                a.iter().zip(b).map(|(a, b)| compare(a, b)).sum()
            }
            (Value::String(a), Value::String(b)) => compare_words(a, b),
            (a, b) => {
                assert_eq!(a, b);
                0
            }
        }
    }

    fn compare_words(long: &str, short: &str) -> usize {
        let apart = |c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':' || c == '.');
        let skeleton = |text: &str| text.replace(|c| !apart(c), "");
        assert_eq!(skeleton(long), skeleton(short));
        let pairs = long.split(apart).zip(short.split(apart));
        let differing = pairs.filter(|(a, b)| a != b);
        differing
            .inspect(|(a, b)| assert!(is_sixtieth(a, b), "`{a}` became `{b}`"))
            .count()
    }

    #[test]
    fn nothing_but_durations_changes_and_each_is_a_sixtieth() {
        for (name, text) in shipped() {
            let long: Value = serde_norway::from_str(&text).unwrap();
            let short: Value = serde_norway::from_str(&rules(&text).unwrap()).unwrap();
            let code = text.lines().filter(|line| !line.trim().starts_with('#'));
            let code: String = code.collect::<Vec<_>>().join("\n");
            // What has to change: `[5m]`, `offset 5m`, `for: 5m`, `interval: 1m`, and `* 60` before anything but another.
            let bracketed = code.split('[').skip(1);
            let bracketed =
                bracketed.filter(|rest| rest.split(']').next().and_then(seconds).is_some());
            let marked = ["offset ", "for: ", "interval: "];
            let marked: usize = marked.iter().map(|mark| code.matches(mark).count()).sum();
            let constants = code.matches(" * 60").count() - code.matches(" * 60 * 60").count();
            assert_eq!(
                compare(&long, &short),
                bracketed.count() + marked + constants,
                "{name}"
            );
        }
    }

    #[test]
    fn prometheus_takes_what_comes_out() {
        let folder = tempfile::tempdir().unwrap();
        let mut promtool = Command::new("promtool");
        promtool.args(["check", "rules"]);
        for (name, text) in shipped() {
            let path = folder.path().join(name);
            std::fs::write(&path, rules(&text).unwrap()).unwrap();
            promtool.arg(path);
        }
        crate::run::command::capture(&mut promtool).unwrap();
    }

    #[test]
    fn a_script_keeps_all_that_is_no_duration() {
        let script = r#"[ "$x" -gt 1 ] && ask "deriv(a[15m]) * 60 * 60 > b offset 1h" | sed 's/[0-9][0-9]*/N/g' # 26 * 600"#;
        let short = r#"[ "$x" -gt 1 ] && ask "deriv(a[15s]) * 60 * 1 > b offset 60s" | sed 's/[0-9][0-9]*/N/g' # 26 * 600"#;
        assert_eq!(expression(script), short);
        assert_eq!(
            expression("a[$W] and b[1m] offset 30s"),
            "a[$W] and b[1s] offset 500ms"
        );
    }

    #[test]
    fn what_is_no_duration_is_named() {
        let error = rules("groups: [{rules: [{for: soon}]}]").unwrap_err();
        assert!(format!("{error:#}").contains("`soon`"), "{error:#}");
    }
}
