//! Callers that come too often.

mod limits;
mod memory;
