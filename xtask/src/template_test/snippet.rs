//! What the documentation shows as a diff is applied to a fresh service. "Add a route" of the README: built and called.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, ensure};

use super::build;
use super::checks::figure;
use super::preset::{Preset, start_until_ready};
use crate::check::tour::as_ada;
use crate::checkout::Checkout;
use crate::run::command;
use crate::run::http::Call;

/// A section that holds one diff.
pub(crate) struct Snippet {
    pub(crate) file: &'static str,
    pub(crate) section: &'static str,
    /// What a reader is promised.
    pub(crate) max_added: usize,
}

pub(crate) const ROUTE: Snippet = Snippet {
    file: "README.md",
    section: "Add a route",
    max_added: 24,
};

pub(crate) fn check(checkout: &Checkout, preset: &Preset) -> Result<()> {
    ROUTE.apply(checkout, &preset.folder)?;
    build::build(preset)?;
    touch(preset)?;
    let (service, ready) = start_until_ready(&preset.launch())?;
    figure(&format!(
        "ready {} ms after exec (debug build, warm file)",
        ready.as_millis()
    ));
    let call = as_ada(Call::get("/v1/hello/ada"));
    let answer = call.send(service.http)?;
    let expected = serde_json::json!({ "hello": "ada" });
    ensure!(
        answer.status == 200,
        "GET /v1/hello/ada -> {} {}",
        answer.status,
        answer.text()
    );
    ensure!(
        answer.json()? == expected,
        "GET /v1/hello/ada -> {}",
        answer.text()
    );
    service.running.stop().map(drop)
}

/// What a developer waits for after an edit.
fn touch(preset: &Preset) -> Result<()> {
    let handlers = preset.folder.join("src/orders/handlers.rs");
    let code = fs::read_to_string(&handlers)?;
    fs::write(&handlers, code + "\n// touched\n")?;
    let began = Instant::now();
    command::capture(&mut preset.cargo(&["build"]))?;
    figure(&format!(
        "{:.1} s to build after touching one handler",
        began.elapsed().as_secs_f64()
    ));
    Ok(())
}

impl Snippet {
    /// Applies the diff to a fresh service.
    pub(crate) fn apply(&self, checkout: &Checkout, folder: &Path) -> Result<()> {
        let Self { file, section, .. } = self;
        let text = fs::read_to_string(checkout.root().join(file));
        let text = text.with_context(|| format!("no {file}"))?;
        let diff = find(&text, section);
        let diff = diff.with_context(|| format!("{file}: no ```diff block in \"{section}\""))?;
        let (added, most) = (added(&diff), self.max_added);
        ensure!(
            added <= most,
            "{file}: \"{section}\" takes {added} lines, at most {most} are promised"
        );
        // Outside the service's folder: it must not end up in it.
        let patch = tempfile::NamedTempFile::new()?;
        fs::write(patch.path(), diff)?;
        let mut git = Command::new("git");
        git.args(["apply", "--whitespace=nowarn"])
            .arg(patch.path())
            .current_dir(folder);
        let applied = command::capture(&mut git);
        applied.with_context(|| format!("{file}: the diff does not apply to a fresh service"))?;
        Ok(())
    }
}

fn find(text: &str, section: &str) -> Option<String> {
    let heading = |line: &&str| line.starts_with('#') && line.contains(section);
    let lines = text.lines().skip_while(|line| !heading(line)).skip(1);
    let section = lines.take_while(|line| !line.starts_with("## "));
    let mut block = section
        .skip_while(|line| line.trim() != "```diff")
        .skip(1)
        .peekable();
    block.peek()?;
    let block: Vec<_> = block.take_while(|line| line.trim() != "```").collect();
    Some(block.join("\n") + "\n")
}

fn added(diff: &str) -> usize {
    let lines = diff.lines();
    lines
        .filter(|line| line.starts_with('+') && !line.starts_with("+++"))
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    const README: &str = "# x\n```diff\n+no\n```\n## Add a route\ntext\n```diff\n--- a/m\n+++ b/m\n@@ -1 +1,2 @@\n one\n+two\n```\n## Next\n```diff\n```\n";

    #[test]
    fn the_block_of_the_section_is_found() {
        let diff = find(README, ROUTE.section).unwrap();
        assert_eq!(diff, "--- a/m\n+++ b/m\n@@ -1 +1,2 @@\n one\n+two\n");
        assert_eq!(added(&diff), 1);
    }

    #[test]
    fn a_section_without_a_block_is_told() {
        assert_eq!(
            find(
                "## Add a route\nwords\n## Next\n```diff\n+x\n```\n",
                ROUTE.section
            ),
            None
        );
        assert_eq!(find("# Other\n", ROUTE.section), None);
    }

    #[test]
    fn the_diff_is_applied_or_refused() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("shop")).unwrap();
        let folder = root.path().join("shop");
        fs::write(root.path().join("README.md"), README).unwrap();
        let checkout = Checkout::at(root.path()).unwrap();
        fs::write(folder.join("m"), "other\n").unwrap();
        assert!(ROUTE.apply(&checkout, &folder).is_err());
        fs::write(folder.join("m"), "one\n").unwrap();
        ROUTE.apply(&checkout, &folder).unwrap();
        assert_eq!(fs::read_to_string(folder.join("m")).unwrap(), "one\ntwo\n");
    }
}
