//! What a request leaves behind, as the README shows it, held against what an order has just left.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::checks::Checks;
use super::drive::Drive;
use crate::check::log::completion;
use crate::check::metrics::Scrape;
use crate::check::ordered::Fields;
use crate::checkout::Checkout;

/// Values differ from run to run; keys, names and labels do not.
pub(crate) fn run(checks: &Checks, drive: &Drive<'_>) {
    checks.run("the README's picture is true", || {
        let readme = fs::read_to_string(Checkout::find()?.root().join("README.md"))?;
        let order = completion(&drive.lines, &drive.visits[1].request_id)?;
        same_keys(&block(&readme, "json", 0)?, order.raw())?;
        let live = drive.sink.tree(order.text("trace_id"));
        same_spans(&block(&readme, "text", 0)?, &live).context(order.raw().to_owned())?;
        same_series(&block(&readme, "text", 1)?, &drive.scrape)
    });
}

/// The block number `at` of those in that language.
fn block(readme: &str, language: &str, at: usize) -> Result<String> {
    let fence = format!("```{language}\n");
    let after = readme.split(&fence).nth(at + 1);
    let text = after.and_then(|rest| rest.split("```").next());
    let text = text.with_context(|| format!("README.md: no ```{language} block number {at}"))?;
    Ok(text.to_owned())
}

fn same_keys(shown: &str, live: &str) -> Result<()> {
    let keys = |text: &str| -> Result<Vec<String>> {
        let Fields(fields) = serde_json::from_str(text.trim())?;
        Ok(fields.into_iter().map(key_and_kind).collect())
    };
    let (shown, live) = (keys(shown)?, keys(live)?);
    ensure!(
        shown == live,
        "README.md: the log line has {shown:?}, an order leaves {live:?}"
    );
    Ok(())
}

fn key_and_kind((key, value): (String, Value)) -> String {
    let kind = match value {
        Value::String(_) => "text",
        Value::Number(_) => "number",
        _ => "other",
    };
    format!("{key}: {kind}")
}

fn same_spans(shown: &str, live: &str) -> Result<()> {
    ensure!(
        spans(shown) == spans(live),
        "README.md: the trace is another, an order leaves\n{live}"
    );
    Ok(())
}

/// How often each span stands at each depth: siblings may end in any order.
fn spans(tree: &str) -> BTreeMap<(usize, String), usize> {
    let mut counts = BTreeMap::new();
    for line in tree.lines() {
        let name = line.trim_start_matches([' ', '│', '├', '└', '─']);
        let depth = line.chars().count() - name.chars().count();
        let name = name.split("  ").next().unwrap_or_default();
        *counts.entry((depth, name.to_owned())).or_default() += 1;
    }
    counts
}

fn same_series(shown: &str, live: &Scrape) -> Result<()> {
    for sample in Scrape::read(shown)?.samples() {
        let mut there = live.named(&sample.name);
        ensure!(
            there.any(|found| found.labels == sample.labels),
            "README.md: {}{:?} is not in /metrics",
            sample.name,
            sample.labels
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_key_order_or_kind_is_told() {
        assert!(same_keys(r#"{"a":1,"b":"x"}"#, r#"{"a":2,"b":"y"}"#).is_ok());
        assert!(same_keys(r#"{"b":"x","a":1}"#, r#"{"a":2,"b":"y"}"#).is_err());
        assert!(same_keys(r#"{"a":"1"}"#, r#"{"a":2}"#).is_err());
    }

    #[test]
    fn another_span_or_depth_is_told() {
        let tree = "GET /   1.0 ms  server\n└─ a   1.0 ms  internal\n";
        assert!(same_spans(tree, &tree.replace("1.0", "22.5")).is_ok());
        assert!(same_spans(tree, &tree.replace("└─ a", "└─ b")).is_err());
        assert!(same_spans(tree, &tree.replace("└─ a", "   └─ a")).is_err());
    }

    #[test]
    fn a_series_that_is_not_there_is_told() {
        let live = Scrape::read("x_total{a=\"1\"} 7\n").unwrap();
        assert!(same_series("x_total{a=\"1\"} 1\n", &live).is_ok());
        assert!(same_series("x_total{a=\"2\"} 1\n", &live).is_err());
    }
}
