//! What must agree inside the checkout, and what must not be in it.

mod limits;
mod promises;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::checkout::Checkout;
use crate::run::command;
use crate::run::step;

/// Files nobody meant to ship.
const LEFT_OVERS: [&str; 5] = [".orig", ".rej", ".bak", "~", ".swp"];

/// Links at the top that show a folder of the template.
const LINKS: [(&str, &str); 2] = [
    ("migrations", "template/migrations"),
    ("runbooks", "template/runbooks"),
];

/// `--write` mends what can be mended.
pub(crate) fn run(checkout: &Checkout, args: &[String]) -> Result<()> {
    if args.iter().any(|arg| arg == "--write") {
        write_lock(checkout)?;
        limits::write(checkout)?;
    }
    step(
        "sync: the template's lock file, its files, the limits, the promises, the links, no path of one machine",
    );
    let mut found = Vec::new();
    found.extend(check_lock(checkout)?);
    found.extend(check_template(&checkout.template())?);
    found.extend(limits::check(checkout)?);
    found.extend(promises::check(checkout.root())?);
    found.extend(check_links(checkout.root()));
    found.extend(check_machine_paths(checkout.root())?);
    match found.is_empty() {
        true => Ok(()),
        false => bail!("{}", found.join("\n       ")),
    }
}

fn write_lock(checkout: &Checkout) -> Result<()> {
    let (from, to) = locks(checkout);
    fs::copy(&from, &to).with_context(|| format!("could not write {}", to.display()))?;
    Ok(())
}

fn locks(checkout: &Checkout) -> (PathBuf, PathBuf) {
    let lock = "Cargo.lock";
    (checkout.root().join(lock), checkout.template().join(lock))
}

fn check_lock(checkout: &Checkout) -> Result<Option<String>> {
    let (from, to) = locks(checkout);
    let same = fs::read(&from)? == fs::read(&to).unwrap_or_default();
    Ok((!same).then(|| {
        "template/Cargo.lock differs from Cargo.lock; run `cargo run --bin xtask -- sync --write`".to_owned()
    }))
}

fn check_template(template: &Path) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for path in files(template)? {
        let shown = path
            .strip_prefix(template)
            .unwrap_or(&path)
            .display()
            .to_string();
        found.extend(fault(&path)?.map(|fault| format!("template/{shown}: {fault}")));
    }
    Ok(found)
}

fn fault(path: &Path) -> Result<Option<&'static str>> {
    if path.is_symlink() {
        return Ok(Some("a symbolic link, which cargo-generate drops"));
    }
    let name = path.to_string_lossy();
    if LEFT_OVERS.iter().any(|ending| name.ends_with(ending)) {
        return Ok(Some("a left-over file"));
    }
    let todo = ["TO", "DO"].concat();
    let content = fs::read(path)?;
    let text = String::from_utf8_lossy(&content);
    let told = text
        .split(|c: char| !c.is_ascii_alphanumeric())
        .any(|word| word == todo);
    Ok(told.then_some("something is left to be done"))
}

/// Every file and link below `folder`, in order; links are not followed, build output is left out.
pub(crate) fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let entries =
        fs::read_dir(folder).with_context(|| format!("no folder {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        let skipped = [".git", "target"].iter().any(|name| path.ends_with(name));
        if path.is_dir() && !path.is_symlink() {
            if !skipped {
                found.extend(files(&path)?);
            }
        } else {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Copies every file below `from` to the same place below `to`.
pub(crate) fn copy_all(from: &Path, to: &Path) -> Result<()> {
    for file in files(from)? {
        let to = to.join(file.strip_prefix(from)?);
        fs::create_dir_all(to.parent().unwrap_or(&to))?;
        fs::copy(&file, &to).with_context(|| format!("could not write {}", to.display()))?;
    }
    Ok(())
}

fn check_links(root: &Path) -> Vec<String> {
    let present = LINKS
        .iter()
        .filter(|(link, _)| root.join(link).symlink_metadata().is_ok());
    present
        .filter_map(|(link, target)| link_fault(root, link, target))
        .collect()
}

fn link_fault(root: &Path, link: &str, target: &str) -> Option<String> {
    let points_to = fs::read_link(root.join(link)).ok();
    if points_to.as_deref() != Some(Path::new(target)) {
        return Some(format!("{link} must be a link to {target}"));
    }
    (!root.join(link).is_dir()).then(|| format!("{link} points to nothing: {target}"))
}

fn check_machine_paths(root: &Path) -> Result<Vec<String>> {
    let tracked = tracked_files(root)?;
    let needles = machine_paths(root);
    let mut found = Vec::new();
    for file in tracked {
        // A file that is tracked but gone is somebody's unfinished move.
        let Ok(content) = fs::read(root.join(&file)) else {
            continue;
        };
        found.extend(machine_fault(
            &file,
            &String::from_utf8_lossy(&content),
            &needles,
        ));
    }
    Ok(found)
}

fn tracked_files(root: &Path) -> Result<Vec<String>> {
    let mut git = Command::new("git");
    git.args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root);
    let listed = command::capture(&mut git)?.stdout;
    Ok(listed.lines().map(str::to_owned).collect())
}

/// The checkout's own folder, and the folders people's homes are in; put together here so that this file passes.
fn machine_paths(root: &Path) -> Vec<String> {
    let mut paths = vec![["/ro", "ot/"].concat(), ["/wo", "rk/"].concat()];
    // In a short folder such as `/src` the name proves nothing.
    if root.components().count() > 2 {
        paths.push(format!("{}/", root.display()));
    }
    paths
}

fn machine_fault(file: &str, content: &str, needles: &[String]) -> Option<String> {
    let mut lines = content.lines().enumerate();
    let (number, line) =
        lines.find(|(_, line)| needles.iter().any(|needle| names_path(line, needle)))?;
    Some(format!(
        "{file}:{}: a path of one machine: {}",
        number + 1,
        line.trim()
    ))
}

/// `needle` at the start of a path, not inside one: `http://host/work/` and `src/work/` are no such path.
fn names_path(line: &str, needle: &str) -> bool {
    line.match_indices(needle).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        before.is_none_or(|c| !c.is_alphanumeric() && !"._-}/$)".contains(c))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_this_machine_is_found_with_its_line() {
        let needles = machine_paths(Path::new("/home/ada/belvedere"));
        let bad = format!("fine\npath = \"{}x\"", ["/wo", "rk/"].concat());
        let fault = machine_fault("a.toml", &bad, &needles).unwrap();
        assert!(
            fault.starts_with("a.toml:2: a path of one machine"),
            "{fault}"
        );
        assert!(machine_fault("a", "cd /home/ada/belvedere/x", &needles).is_some());
        let fine = format!("see src{}x", ["/wo", "rk/"].concat());
        assert_eq!(machine_fault("a", &fine, &needles), None);
    }

    #[test]
    fn each_fault_of_a_template_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("fine.rs"), "fn main() {}").unwrap();
        fs::write(at("a.orig"), "").unwrap();
        fs::write(at("b.rs"), format!("// {}: later", ["TO", "DO"].concat())).unwrap();
        std::os::unix::fs::symlink("fine.rs", at("c.rs")).unwrap();
        let found = check_template(folder.path()).unwrap();
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found[0].starts_with("template/a.orig"), "{found:?}");
    }

    #[test]
    fn a_link_must_point_to_its_folder() {
        let root = tempfile::tempdir().unwrap();
        assert!(check_links(root.path()).is_empty());
        std::os::unix::fs::symlink("template/migrations", root.path().join("migrations")).unwrap();
        assert!(check_links(root.path())[0].contains("points to nothing"));
        fs::create_dir_all(root.path().join("template/migrations")).unwrap();
        assert!(check_links(root.path()).is_empty());
        fs::write(root.path().join("runbooks"), "").unwrap();
        assert!(check_links(root.path())[0].contains("must be a link"));
    }

    #[test]
    fn a_stale_lock_file_is_told_and_mended() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("template")).unwrap();
        fs::write(root.path().join("Cargo.lock"), "new").unwrap();
        fs::write(root.path().join("template/Cargo.lock"), "old").unwrap();
        let checkout = Checkout::at(root.path()).unwrap();
        assert!(check_lock(&checkout).unwrap().is_some());
        write_lock(&checkout).unwrap();
        assert_eq!(check_lock(&checkout).unwrap(), None);
    }
}
