//! The `Export…ServiceRequest` around records that are encoded already: it has the same field numbers for every signal.

use belvedere_core::Redactor;
use bytes::Bytes;

use super::{
    attribute::attribute,
    wire::{bytes, message},
};
use crate::resource::Resource;

/// `resource_spans` (`_logs`, `_metrics`) of the request, `resource` of each, its `attributes`.
const BATCH: u32 = 1;
const RESOURCE: u32 = 1;
const RESOURCE_ATTRIBUTES: u32 = 1;
/// `scope_spans` of `ResourceSpans` (and so on), the `scope` of each, its name and version.
const IN_SCOPE: u32 = 2;
const SCOPE: u32 = 1;
const SCOPE_NAME: u32 = 1;
const SCOPE_VERSION: u32 = 2;

/// Who sends, rendered once.
#[derive(Debug)]
pub(crate) struct ResourceEnvelope {
    resource: Vec<u8>,
    scope: Vec<u8>,
}

impl ResourceEnvelope {
    pub(crate) fn new(resource: &Resource, redactor: &Redactor) -> Self {
        let mut attributes = Vec::new();
        for (key, value) in resource.iter() {
            attribute(
                &mut attributes,
                RESOURCE_ATTRIBUTES,
                redactor,
                key,
                value.into(),
            );
        }
        let mut inner = Vec::new();
        bytes(&mut inner, SCOPE_NAME, b"belvedere");
        bytes(
            &mut inner,
            SCOPE_VERSION,
            env!("CARGO_PKG_VERSION").as_bytes(),
        );
        Self {
            resource: field(RESOURCE, &attributes),
            scope: field(SCOPE, &inner),
        }
    }

    /// The whole request for some entries of the queue.
    pub(super) fn seal(&self, entries: &[u8]) -> Bytes {
        let in_scope = self.scope.len() + entries.len();
        let mut head = self.resource.clone();
        message(&mut head, IN_SCOPE, in_scope);
        let mut request = Vec::with_capacity(head.len() + in_scope + 8);
        message(&mut request, BATCH, head.len() + in_scope);
        for part in [&head[..], &self.scope, entries] {
            request.extend_from_slice(part);
        }
        request.into()
    }
}

fn field(field: u32, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    bytes(&mut out, field, content);
    out
}
