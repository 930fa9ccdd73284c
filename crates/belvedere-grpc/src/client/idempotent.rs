use std::collections::HashSet;

use foldhash::fast::RandomState;
use prost::Message;
use prost_types::{FileDescriptorSet, method_options::IdempotencyLevel};

use crate::ServiceError;

/// The methods that may be called twice for once.
#[derive(Debug, Clone, Default)]
pub(super) struct Idempotent(HashSet<String, RandomState>);

impl Idempotent {
    /// `{package.Service}/{Method}`
    pub(super) fn add(&mut self, methods: impl IntoIterator<Item = String>) {
        self.0.extend(methods);
    }

    pub(super) fn has(&self, path: &str) -> bool {
        !self.0.is_empty() && self.0.contains(path.trim_start_matches('/'))
    }
}

/// Those that a file descriptor set says it of. What is sent as a stream cannot be sent again.
pub(super) fn told_by(descriptors: &[u8]) -> Result<Vec<String>, ServiceError> {
    let set = FileDescriptorSet::decode(descriptors).map_err(ServiceError::Descriptors)?;
    let mut told = Vec::new();
    for file in &set.file {
        for service in &file.service {
            let dot = if file.package().is_empty() { "" } else { "." };
            let service_name = format!("{}{dot}{}", file.package(), service.name());
            let methods = service.method.iter().filter(|method| {
                let level = method.options.as_ref().map(|it| it.idempotency_level());
                let level = level.unwrap_or(IdempotencyLevel::IdempotencyUnknown);
                level != IdempotencyLevel::IdempotencyUnknown && !method.client_streaming()
            });
            told.extend(methods.map(|method| format!("{service_name}/{}", method.name())));
        }
    }
    Ok(told)
}
