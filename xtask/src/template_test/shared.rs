//! What a service and the workspace must have in common, so that what one has compiled serves the other.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use toml::{Table, Value};

use crate::checkout::Checkout;

/// The same profiles, and after a build still the same versions of every dependency.
pub(crate) fn check(checkout: &Checkout, folder: &Path) -> Result<()> {
    let (ours, theirs) = (
        read(checkout.root(), "Cargo.toml")?,
        read(folder, "Cargo.toml")?,
    );
    ensure!(
        ours.get("profile") == theirs.get("profile"),
        "its profiles are not the workspace's"
    );
    let (ours, theirs) = (
        read(checkout.root(), "Cargo.lock")?,
        read(folder, "Cargo.lock")?,
    );
    let foreign: Vec<_> = locked(&theirs)
        .difference(&locked(&ours))
        .cloned()
        .collect();
    ensure!(
        foreign.is_empty(),
        "its Cargo.lock has what the workspace's has not: {}",
        foreign.join(", ")
    );
    Ok(())
}

fn read(folder: &Path, file: &str) -> Result<Table> {
    let path = folder.join(file);
    let text = fs::read_to_string(&path).with_context(|| format!("no {}", path.display()))?;
    text.parse().with_context(|| path.display().to_string())
}

/// `name version` of every package that comes from outside.
fn locked(lock: &Table) -> BTreeSet<String> {
    let packages = lock.get("package").and_then(Value::as_array);
    let packages = packages
        .into_iter()
        .flatten()
        .filter(|package| package.get("source").is_some());
    let text = |package: &Value, key: &str| {
        package
            .get(key)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    packages
        .map(|package| format!("{} {}", text(package, "name"), text(package, "version")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = "[[package]]\nname = \"serde\"\nversion = \"1.0.1\"\nsource = \"registry\"\n\n[[package]]\nname = \"belvedere\"\nversion = \"0.1.0\"\n";
    const MANIFEST: &str = "[profile.dev]\ndebug = \"line-tables-only\"\n";

    fn folder(lock: &str, manifest: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("Cargo.lock"), lock).unwrap();
        fs::write(folder.path().join("Cargo.toml"), manifest).unwrap();
        folder
    }

    #[test]
    fn another_version_or_profile_is_told() {
        let root = folder(LOCK, MANIFEST);
        let checkout = Checkout::at(root.path()).unwrap();
        let own = LOCK.replace("belvedere", "shop");
        check(&checkout, folder(&own, MANIFEST).path()).unwrap();
        let newer = folder(&LOCK.replace("1.0.1", "1.0.2"), MANIFEST);
        let fault = check(&checkout, newer.path()).unwrap_err().to_string();
        assert!(fault.ends_with("serde 1.0.2"), "{fault}");
        let debug = folder(LOCK, "[profile.dev]\ndebug = true\n");
        assert!(
            check(&checkout, debug.path())
                .unwrap_err()
                .to_string()
                .contains("profiles")
        );
    }
}
