//! Each check is seen to refuse a generated service that is broken in one place, and to name that place.

use std::fs;

use super::*;

mod clusters;
mod images;
mod schemas;
mod stacks;

/// A service with everything, generated for one test.
struct Copy {
    files: Files,
    _around: tempfile::TempDir,
}

impl Copy {
    fn new() -> Self {
        let around = tempfile::tempdir().unwrap();
        let checkout = Checkout::find().unwrap();
        let folder = generate(&checkout, around.path(), "postgres", true).unwrap();
        Self {
            files: Files::of(&folder, "postgres"),
            _around: around,
        }
    }

    /// Does something with `old` replaced, once, in one file; then puts it back.
    fn with<T>(&self, file: &str, old: &str, new: &str, look: impl FnOnce(&Files) -> T) -> T {
        let path = self.files.path(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(old), "{file} has no {old}");
        fs::write(&path, text.replacen(old, new, 1)).unwrap();
        let seen = look(&self.files);
        fs::write(&path, text).unwrap();
        seen
    }

    /// Each change is found without running a program, and named by file and fault.
    fn refuses(&self, file: &str, changes: &[(&str, &str, &str)]) {
        for (old, new, said) in changes {
            let found = self.with(file, old, new, written).unwrap();
            assert!(
                found
                    .iter()
                    .any(|fault| fault.starts_with(file) && fault.contains(said)),
                "{old} -> {new}: {found:#?}"
            );
        }
    }
}

#[test]
fn what_is_generated_is_in_order() {
    let found = written(&Copy::new().files).unwrap();
    assert_eq!(found, Vec::<String>::new());
}
