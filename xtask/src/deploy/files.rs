//! The files of one generated service.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize as _;
use serde_json::Value;

/// A generated folder, or a copy of one that is broken on purpose.
#[derive(Debug, Clone)]
pub(super) struct Files {
    folder: PathBuf,
    preset: String,
}

impl Files {
    pub(super) fn of(folder: &Path, preset: &str) -> Self {
        Self {
            folder: folder.to_owned(),
            preset: preset.to_owned(),
        }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn path(&self, file: &str) -> PathBuf {
        self.folder.join(file)
    }

    pub(super) fn has(&self, file: &str) -> bool {
        self.path(file).exists()
    }

    pub(super) fn text(&self, file: &str) -> Result<String> {
        fs::read_to_string(self.path(file)).with_context(|| format!("no {file} ({})", self.preset))
    }

    /// Every document of a YAML file.
    pub(super) fn documents(&self, file: &str) -> Result<Vec<Value>> {
        let text = self.text(file)?;
        let documents = serde_norway::Deserializer::from_str(&text).map(Value::deserialize);
        documents
            .collect::<Result<_, _>>()
            .with_context(|| format!("{file} ({}) is not YAML", self.preset))
    }

    /// The one document of a YAML file.
    pub(super) fn yaml(&self, file: &str) -> Result<Value> {
        let first = self.documents(file)?.into_iter().next();
        first.with_context(|| format!("{file} is empty"))
    }

    /// The files of a folder, by their paths here.
    pub(super) fn list(&self, folder: &str) -> Result<Vec<String>> {
        let files = crate::sync::files(&self.path(folder))?;
        let shown = files.iter().map(|path| path.strip_prefix(&self.folder));
        shown
            .map(|path| Ok(path?.display().to_string()))
            .collect::<Result<_>>()
    }

    /// A fault as people find it.
    pub(super) fn fault(&self, file: &str, fault: &str) -> String {
        format!("{file} ({}): {fault}", self.preset)
    }
}

/// The texts of a list; empty for anything else.
pub(super) fn texts(value: &Value) -> impl Iterator<Item = &str> {
    value
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}
