//! What the generated files look like.

use std::fs;
use std::path::Path;

use anyhow::{Result, bail, ensure};

use super::checks::figure;
use crate::checkout::Checkout;
use crate::sync;

/// Folders whose readers have a `{{ }}` of their own: copied, never rendered.
const VERBATIM: [&str; 2] = ["ops", ".github"];
/// What has the service's name in it, and no such readers; but for the alerts, which are every service's.
const RENDERED: [&str; 2] = ["ops/compose.yaml", "ops/k8s"];
const ALERTS: &str = "ops/k8s/prometheusrule.yaml";
/// Of the default preset, and of the fullest, which is called in two ways.
const MAX_SOURCE_FILES: [usize; 2] = [25, 28];
/// Of `src`: under 800, so that it is read in one sitting.
const MAX_SERVICE_LINES: [usize; 2] = [799, 930];
/// With the tests.
const MAX_LINES: [usize; 2] = [950, 1_230];
const MAX_MAIN_LINES: usize = 45;

/// Nothing of the template's own language is left, and what was to be copied was copied.
pub(crate) fn check(checkout: &Checkout, folder: &Path) -> Result<()> {
    for path in sync::files(folder)? {
        let relative = path.strip_prefix(folder)?;
        let content = fs::read(&path)?;
        match is_verbatim(relative) {
            true => check_copy(&checkout.template().join(relative), relative, &content)?,
            false => check_rendered(relative, &String::from_utf8_lossy(&content))?,
        }
    }
    Ok(())
}

fn is_verbatim(relative: &Path) -> bool {
    let is_in = |folders: &[&str]| folders.iter().any(|folder| relative.starts_with(folder));
    is_in(&VERBATIM) && (!is_in(&RENDERED) || relative == Path::new(ALERTS))
}

fn check_copy(original: &Path, relative: &Path, content: &[u8]) -> Result<()> {
    let same = fs::read(original).is_ok_and(|original| original == content);
    ensure!(
        same,
        "{} is not byte-identical to the template's",
        relative.display()
    );
    Ok(())
}

fn check_rendered(relative: &Path, text: &str) -> Result<()> {
    let mut lines = text.lines().enumerate();
    let left = lines.find(|(_, line)| line.contains("{{") || line.contains("{%"));
    match left {
        Some((at, line)) => bail!(
            "{}:{}: left over: {}",
            relative.display(),
            at + 1,
            line.trim()
        ),
        None => Ok(()),
    }
}

/// A service is read in one sitting.
pub(crate) fn count(folder: &Path, is_default: bool) -> Result<()> {
    let sources: Vec<_> = sync::files(folder)?
        .into_iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect();
    let (mut service, mut lines) = (0, 0);
    for source in &sources {
        let of_this = count_lines(source)?;
        lines += of_this;
        if source.starts_with(folder.join("src")) {
            service += of_this;
        }
    }
    let main = count_lines(&folder.join("src/main.rs"))?;
    figure(&format!(
        "{} Rust files, {lines} lines, {service} of them in src, main.rs {main}",
        sources.len()
    ));
    let most = |[usual, fullest]: [usize; 2]| if is_default { usual } else { fullest };
    within("Rust files", sources.len(), most(MAX_SOURCE_FILES))?;
    within("lines of Rust", lines, most(MAX_LINES))?;
    within("lines of Rust in src", service, most(MAX_SERVICE_LINES))?;
    within("lines in main.rs", main, MAX_MAIN_LINES)
}

fn count_lines(path: &Path) -> Result<usize> {
    Ok(fs::read_to_string(path)?.lines().count())
}

/// Fails when a figure is over its limit.
pub(crate) fn within(what: &str, found: usize, limit: usize) -> Result<()> {
    ensure!(
        found <= limit,
        "{found} {what}, at most {limit} are allowed"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_left_over_placeholder_is_named_with_its_line() {
        let fault = check_rendered(Path::new("README.md"), "# x\n{{project-name}}").unwrap_err();
        assert_eq!(
            fault.to_string(),
            "README.md:2: left over: {{project-name}}"
        );
        assert!(check_rendered(Path::new("a.rs"), "{% if x %}").is_err());
        assert!(check_rendered(Path::new("a.rs"), "fn main() {}").is_ok());
    }

    #[test]
    fn a_changed_copy_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let original = folder.path().join("rules.yml");
        fs::write(&original, "{{ $labels.x }}").unwrap();
        let relative = Path::new("ops/rules.yml");
        assert!(is_verbatim(relative) && is_verbatim(Path::new(ALERTS)));
        assert!(!is_verbatim(Path::new("ops/k8s/service.yaml")));
        assert!(check_copy(&original, relative, b"{{ $labels.x }}").is_ok());
        assert!(check_copy(&original, relative, b"").is_err());
        assert!(check_copy(&folder.path().join("none"), relative, b"").is_err());
    }

    #[test]
    fn too_much_rust_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("src")).unwrap();
        let main = folder.path().join("src/main.rs");
        fs::write(&main, "//\n".repeat(MAX_MAIN_LINES)).unwrap();
        count(folder.path(), true).unwrap();
        fs::write(&main, "//\n".repeat(MAX_MAIN_LINES + 1)).unwrap();
        assert!(count(folder.path(), true).is_err());
        fs::write(&main, "//\n").unwrap();
        let lib = folder.path().join("src/lib.rs");
        let [service, lines] = [MAX_SERVICE_LINES[0], MAX_LINES[0]];
        fs::write(&lib, "//\n".repeat(service)).unwrap();
        assert!(count(folder.path(), true).is_err());
        count(folder.path(), false).unwrap();
        fs::write(&lib, "//\n".repeat(service - 1)).unwrap();
        count(folder.path(), true).unwrap();
        fs::create_dir(folder.path().join("tests")).unwrap();
        let long = "//\n".repeat(lines - service + 1);
        fs::write(folder.path().join("tests/it.rs"), long).unwrap();
        assert!(count(folder.path(), true).is_err());
        count(folder.path(), false).unwrap();
    }
}
