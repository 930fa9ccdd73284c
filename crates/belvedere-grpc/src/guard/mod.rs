//! What keeps one call from harming the others: places, deadlines, and panics that end a call and nothing else.

mod body;
mod layer;
mod refusal;

pub use body::GuardedBody;
pub use layer::{Guard, GuardLayer};
