//! `docs/LIMITS.md`: every limit with the number that the code has, and what happens beyond it.

mod number;
mod rows;

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use self::number::{Number, find};
use self::rows::{Row, SECTIONS, Section};
use crate::checkout::Checkout;

const HEAD: &str = "# Limits\n\n\
    Made from the code by `cargo run --bin xtask -- sync --write`; `make sync` fails when they differ. A refusal that has a code is a\n\
    [problem](ERRORS.md) with ids, and leaves one record as any request does. What can be set is a knob: see [CONFIG](CONFIG.md).\n\n\
    A route whose bodies are of another kind has limits of its own:\n\n\
    ```rust,ignore\n\
    use belvedere::limits::BodyLimit;\n\n\
    let videos = BodyLimit::new().bytes(64 << 20).time(Duration::from_secs(300));\n\
    Router::new().route(\"/v1/videos\", post(upload).layer(videos))\n\
    ```\n";

/// Writes the page anew.
pub(super) fn write(checkout: &Checkout) -> Result<()> {
    let path = page(checkout);
    fs::write(&path, render(checkout.root())?)
        .with_context(|| format!("could not write {}", path.display()))
}

/// What differs from the code, and codes that nobody knows.
pub(super) fn check(checkout: &Checkout) -> Result<Vec<String>> {
    let mut found = Vec::new();
    if fs::read_to_string(page(checkout)).ok() != Some(render(checkout.root())?) {
        found.push(
            "docs/LIMITS.md differs from the code; run `cargo run --bin xtask -- sync --write`"
                .to_owned(),
        );
    }
    let errors = fs::read_to_string(checkout.root().join("docs/ERRORS.md"))?;
    let rows = SECTIONS.iter().flat_map(|section| section.rows);
    found.extend(rows.filter_map(|row| unknown_code(row, &errors)));
    Ok(found)
}

fn page(checkout: &Checkout) -> PathBuf {
    checkout.root().join("docs/LIMITS.md")
}

fn unknown_code(row: &Row, errors: &str) -> Option<String> {
    let (status, code) = row.refusal?;
    let (status, code) = (format!("| {status} |"), format!("`{code}`"));
    let mut lines = errors.lines();
    let is_known = lines.any(|line| line.starts_with(&status) && line.contains(&code));
    (!is_known).then(|| format!("docs/ERRORS.md does not tell of {code}, a limit's code"))
}

fn render(root: &Path) -> Result<String> {
    let mut page = HEAD.to_owned();
    for section in SECTIONS {
        render_section(&mut page, root, section)?;
    }
    Ok(page)
}

fn render_section(page: &mut String, root: &Path, section: &Section) -> Result<()> {
    write!(
        page,
        "\n## {}\n\n| what | limit | beyond it | knob |\n|---|---|---|---|\n",
        section.title
    )?;
    for row in section.rows {
        let knob = row.knob().unwrap_or_default();
        let (what, limit, beyond) = (row.what, limit(root, row)?, row.beyond());
        writeln!(page, "| {what} | {limit} | {beyond} | {knob} |")?;
    }
    Ok(())
}

/// The number, in the unit in which people think of it.
fn limit(root: &Path, row: &Row) -> Result<String> {
    let path = format!("crates/{}", row.file);
    let code = fs::read_to_string(root.join(&path)).with_context(|| format!("no {path}"))?;
    let number = find(&code, row.name)
        .with_context(|| format!("{path} has no {} that is a number", row.name))?;
    Ok(match number {
        Number::Time(time) => format!("{} s", time.as_secs_f64()),
        Number::Plain(bytes) if row.is_bytes => bytes_for_people(bytes),
        Number::Plain(count) => thousands(count),
    })
}

fn bytes_for_people(bytes: u64) -> String {
    match bytes {
        bytes if bytes % (1 << 20) == 0 => format!("{} MiB", bytes >> 20),
        bytes if bytes % (1 << 10) == 0 => format!("{} KiB", bytes >> 10),
        bytes => format!("{bytes} B"),
    }
}

fn thousands(count: u64) -> String {
    match count {
        0..1000 => count.to_string(),
        _ => format!("{},{:03}", thousands(count / 1000), count % 1000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_told_in_units_for_people() {
        assert_eq!(bytes_for_people(1024 * 1024), "1 MiB");
        assert_eq!(bytes_for_people(16 * 1024), "16 KiB");
        assert_eq!(bytes_for_people(1000), "1000 B");
        assert_eq!(thousands(1_000_010), "1,000,010");
        assert_eq!(thousands(64), "64");
    }

    #[test]
    fn a_code_has_to_stand_beside_its_status() {
        let row = Row::bytes("x", "a.rs", "A").refused(413, "payload_too_large");
        let page = "| 413 | `payload_too_large` | |";
        assert_eq!(unknown_code(&row, page), None);
        assert!(unknown_code(&row, &page.replace("413", "400")).is_some());
    }
}
