//! A statement from its text to its signals: span, duration, errors, slow query.

mod allowance;
mod attribute;
mod comment;
mod lexer;
mod running;
mod shape;
mod shapes;
mod show;
mod sight;
mod texts;
mod watch;

/// Characters of a slow query's text in the log (contract, section 3).
const SLOW_QUERY_TEXT: usize = 200;

pub(crate) use allowance::within;
pub(crate) use comment::Commented;
pub(crate) use running::{Reads, Running};
pub(crate) use sight::Sight;
pub(crate) use watch::Watch;
