//! `docs/RELIABILITY.md`: every promise names the tests that hold it, and these exist.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::files;

const PAGE: &str = "docs/RELIABILITY.md";
const HEADING: &str = "## What is promised";

/// Promises without a test, and tests that nobody finds.
pub(super) fn check(root: &Path) -> Result<Vec<String>> {
    let path = root.join(PAGE);
    let page = fs::read_to_string(&path).with_context(|| format!("no {}", path.display()))?;
    Ok(faults(&page, &functions(root)?))
}

fn faults(page: &str, functions: &BTreeSet<String>) -> Vec<String> {
    let rows: Vec<_> = rows(page).collect();
    if rows.is_empty() {
        return vec![format!("{PAGE} has no table below `{HEADING}`")];
    }
    let faults = rows.iter().flat_map(|row| faults_of(row, functions));
    faults.collect()
}

/// The table's rows without its head.
fn rows(page: &str) -> impl Iterator<Item = &str> {
    let section = page.split(HEADING).nth(1).unwrap_or_default();
    let section = section.split("\n## ").next().unwrap_or_default();
    section.lines().filter(|line| line.starts_with('|')).skip(2)
}

fn faults_of(row: &str, functions: &BTreeSet<String>) -> Vec<String> {
    let mut cells = row.trim_matches('|').split('|').map(str::trim);
    let promise = cells.next().unwrap_or_default();
    let tests: Vec<_> = quoted(cells.next().unwrap_or_default()).collect();
    if tests.is_empty() {
        return vec![format!("{PAGE}: nothing proves \"{promise}\"")];
    }
    let unknown = tests.into_iter().filter(|test| !functions.contains(*test));
    unknown
        .map(|test| format!("{PAGE}: \"{promise}\" names the test {test}, which does not exist"))
        .collect()
}

fn quoted(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

/// The names of all functions of the crates, and of what checks them.
fn functions(root: &Path) -> Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    let (crates, checks) = (
        files(&root.join("crates"))?,
        files(&root.join("xtask/src"))?,
    );
    for path in crates.into_iter().chain(checks) {
        if path.extension().is_some_and(|extension| extension == "rs") {
            found.extend(names(&fs::read_to_string(&path)?).map(str::to_owned));
        }
    }
    Ok(found)
}

fn names(source: &str) -> impl Iterator<Item = &str> {
    let after = source.lines().filter_map(|line| line.split_once("fn "));
    after.map(|(_, rest)| rest.split(['(', '<']).next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(tests: &str) -> String {
        format!(
            "# R\n\n{HEADING}\n\n| promise | test | last |\n|---|---|---|\n| it holds | {tests} | 1 s |\n\n## Next\n\n| a | b |\n"
        )
    }

    fn known() -> BTreeSet<String> {
        names("    async fn it_does() {\nfn it_is<T>(x: T) {}")
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn a_promise_with_tests_that_exist_is_kept() {
        assert_eq!(
            faults(&page("`it_does`, `it_is`"), &known()),
            Vec::<String>::new()
        );
    }

    #[test]
    fn a_promise_without_a_test_or_with_one_that_is_gone_is_named() {
        assert!(faults(&page("trust us"), &known())[0].contains("nothing proves \"it holds\""));
        assert!(faults(&page("`it_was`"), &known())[0].contains("names the test it_was"));
    }

    #[test]
    fn a_page_without_promises_is_refused() {
        assert_eq!(faults("# R\n", &known()).len(), 1);
    }
}
