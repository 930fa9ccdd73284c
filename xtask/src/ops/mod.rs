//! Alerts, their tests and their runbooks: what has to agree, so that whoever is paged finds what the page promises.
//!
//! Read with Prometheus's, Alertmanager's and the shell's own programs; what is only ours is checked here.

pub(crate) mod alertmanager;
mod domain;
mod drills;
pub(crate) mod names;
mod page;
mod programs;
pub(crate) mod promql;
mod rules;
pub(crate) mod runbook;
mod runbooks;
mod scripts;
mod unit_tests;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use self::names::Known;
use self::rules::Rules;
use crate::checkout::Checkout;
use crate::run::step;

/// Where the files are: a template, or a copy of it that is broken on purpose.
#[derive(Debug, Clone)]
pub(crate) struct Ops {
    template: PathBuf,
}

impl Ops {
    fn prometheus(&self) -> PathBuf {
        self.template.join("ops/prometheus")
    }

    fn alertmanager(&self) -> PathBuf {
        self.template.join("ops/alertmanager/alertmanager.yml")
    }

    fn runbooks(&self) -> PathBuf {
        self.template.join("runbooks")
    }

    /// A path as people know it.
    fn shown(&self, path: &Path) -> String {
        let relative = path.strip_prefix(&self.template).unwrap_or(path);
        relative.display().to_string()
    }
}

/// The rule files of a template, or of a service.
pub(crate) fn rule_files(folder: &Path) -> Result<Vec<PathBuf>> {
    rules::yaml_files(&folder.join("ops/prometheus/rules"))
}

pub(crate) fn run(checkout: &Checkout) -> Result<()> {
    step("ops: alerts, their tests, their runbooks");
    let ops = Ops {
        template: checkout.template(),
    };
    let known = Known::read(checkout)?;
    let mut found = written(&ops, &known)?;
    let rules = Rules::read(&ops)?;
    found.extend(drills::check(&ops, &rules)?);
    let page = std::fs::read_to_string(checkout.root().join("docs/ONCALL.md"))?;
    found.extend(page::check(&ops, &rules, &page)?);
    found.extend(programs::check(&ops)?);
    found.extend(alertmanager::check(&ops, &rules)?);
    match found.is_empty() {
        true => Ok(()),
        false => bail!("{}", found.join("\n       ")),
    }
}

/// The names that a query may ask for: of metrics, and of what the template's rules record.
pub(crate) fn known(checkout: &Checkout) -> Result<Known> {
    let ops = Ops {
        template: checkout.template(),
    };
    let rules = Rules::read(&ops)?;
    Ok(Known::read(checkout)?.with_recorded(rules.recorded()))
}

/// Everything that can be seen without running a program.
fn written(ops: &Ops, known: &Known) -> Result<Vec<String>> {
    let rules = Rules::read(ops)?;
    let known = known.clone().with_recorded(rules.recorded());
    let mut found = rules::check(ops, &rules, &known);
    found.extend(unit_tests::check(ops, &rules, &known)?);
    found.extend(runbooks::check(ops, &rules, &known)?);
    Ok(found)
}
