//! What `make bench` measures, one section after the other.

pub(crate) mod build;
pub(crate) mod calls;
pub(crate) mod growth;
pub(crate) mod instructions;
pub(crate) mod requests;
