//! Each check is seen to refuse a copy of the real files that is broken in one place, and to name that place.

use std::fs;

use super::*;

mod drills;
mod pages;
mod refusals;
mod rules;
mod runbooks;

/// A copy of the template's alerts and runbooks.
struct Copy {
    ops: Ops,
    known: Known,
    _folder: tempfile::TempDir,
}

impl Copy {
    fn new() -> Self {
        let checkout = Checkout::find().unwrap();
        let folder = tempfile::tempdir().unwrap();
        for part in ["ops/prometheus", "ops/alertmanager", "runbooks"] {
            let from = checkout.template().join(part);
            for path in crate::sync::files(&from).unwrap() {
                let to = folder
                    .path()
                    .join(part)
                    .join(path.strip_prefix(&from).unwrap());
                fs::create_dir_all(to.parent().unwrap()).unwrap();
                fs::copy(&path, to).unwrap();
            }
        }
        Self {
            ops: Ops {
                template: folder.path().to_owned(),
            },
            known: Known::read(&checkout).unwrap(),
            _folder: folder,
        }
    }

    /// With `old` replaced, once, in one file.
    fn with(file: &str, old: &str, new: &str) -> Self {
        let copy = Self::new();
        copy.replace(file, old, new);
        copy
    }

    fn replace(&self, file: &str, old: &str, new: &str) {
        let path = self.ops.template.join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(old), "{file} has no {old}");
        fs::write(path, text.replacen(old, new, 1)).unwrap();
    }

    fn remove(file: &str) -> Self {
        let copy = Self::new();
        fs::remove_file(copy.ops.template.join(file)).unwrap();
        copy
    }

    /// What is found without running a program names all of `words`, and nothing else is found.
    fn is_refused(&self, words: &[&str]) {
        names(&written(&self.ops, &self.known).unwrap(), words);
    }
}

fn names(found: &[String], words: &[&str]) {
    assert_eq!(found.len(), 1, "{found:#?}");
    for word in words {
        assert!(found[0].contains(word), "{word} is not in: {}", found[0]);
    }
}

const REQUESTS: &str = "ops/prometheus/rules/requests.yml";
const RUNBOOK: &str = "runbooks/HighErrorRate.md";
#[test]
fn what_is_shipped_is_in_order() {
    let copy = Copy::new();
    assert_eq!(
        written(&copy.ops, &copy.known).unwrap(),
        Vec::<String>::new()
    );
}
