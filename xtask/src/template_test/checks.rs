//! Checks that go on after one has failed: a run names everything that is wrong.

use std::cell::RefCell;

use anyhow::{Result, bail};

/// The checks of a run, and which of them failed.
#[derive(Debug, Default)]
pub(crate) struct Checks {
    failed: RefCell<Vec<String>>,
}

impl Checks {
    /// Runs one check and says how it went; `None` when it failed, so that what needs its result is left out.
    pub(crate) fn run<T>(&self, name: &str, check: impl FnOnce() -> Result<T>) -> Option<T> {
        match check() {
            Ok(result) => {
                println!("    ok    {name}");
                Some(result)
            }
            Err(error) => {
                println!("    FAIL  {name}: {error:#}");
                self.failed.borrow_mut().push(name.to_owned());
                None
            }
        }
    }

    /// An error that names the failed ones, if any.
    pub(crate) fn verdict(&self) -> Result<()> {
        let failed = self.failed.borrow();
        match failed.as_slice() {
            [] => Ok(()),
            names => bail!("template test: failed: {}", names.join("; ")),
        }
    }
}

/// A figure worth seeing in the output of a check.
pub(crate) fn figure(text: &str) {
    println!("          {text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_check_is_named_at_the_end() {
        let checks = Checks::default();
        assert_eq!(checks.run("one", || Ok(1)), Some(1));
        checks.verdict().unwrap();
        assert_eq!(checks.run::<()>("two", || bail!("why")), None);
        let error = checks.verdict().unwrap_err().to_string();
        assert!(error.contains("two") && !error.contains("one"), "{error}");
    }
}
