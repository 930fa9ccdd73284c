//! Kubernetes' objects, as the folder holds them.

use anyhow::Result;
use serde_json::Value;

use super::files::Files;
use super::kubernetes::FOLDER;

/// One object and the file that it stands in.
#[derive(Debug)]
pub(super) struct Object {
    pub(super) file: String,
    pub(super) value: Value,
}

impl Object {
    pub(super) fn kind(&self) -> &str {
        self.text("/kind")
    }

    pub(super) fn name(&self) -> &str {
        self.text("/metadata/name")
    }

    pub(super) fn text(&self, pointer: &str) -> &str {
        self.value
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    pub(super) fn at(&self, pointer: &str) -> &Value {
        self.value.pointer(pointer).unwrap_or(&Value::Null)
    }

    /// The labels of its pods, when it makes any.
    pub(super) fn pod_labels(&self) -> Option<&Value> {
        self.value.pointer("/spec/template/metadata/labels")
    }

    /// A fault of it, as people find it.
    pub(super) fn fault(&self, fault: &str) -> (String, String) {
        let told = format!("{} {}: {fault}", self.kind(), self.name());
        (self.file.clone(), told)
    }
}

/// Every object of the folder, in the order of its files.
pub(super) fn objects(files: &Files) -> Result<Vec<Object>> {
    let mut found = Vec::new();
    for file in files.list(FOLDER)? {
        let documents = files.documents(&file)?.into_iter();
        found.extend(documents.map(|value| Object {
            file: file.clone(),
            value,
        }));
    }
    Ok(found)
}

/// Whether labels are chosen by a selector: all of it is in them.
pub(super) fn selects(selector: &Value, labels: &Value) -> bool {
    let wanted = selector.as_object();
    wanted.is_some_and(|wanted| {
        !wanted.is_empty()
            && wanted
                .iter()
                .all(|(label, value)| labels.get(label) == Some(value))
    })
}
