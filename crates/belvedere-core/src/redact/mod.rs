//! What no signal may show, decided in one place for all of them: by key, and by what a value looks like.
//!
//! Nearly every text is harmless, and every text of every log line and span comes by here. So [`suspicion`] first looks at all
//! bytes at once for what each kind of secret cannot be without; only a text that has it is searched.

mod card;
mod decoded;
mod keys;
mod quoted;
mod redactor;
mod suspicion;
#[cfg(test)]
mod tests;
mod text;
mod token;
mod userinfo;

pub use redactor::Redactor;
pub(crate) use text::redact_cut;
pub use text::redact_text;

/// What stands in place of anything that must not be shown.
pub const REDACTED: &str = "[REDACTED]";
