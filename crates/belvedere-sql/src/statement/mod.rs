//! A statement from its text to its signals: span, duration, errors, slow query.

mod attribute;
mod lexer;
mod running;
mod shape;
mod shapes;
mod show;

pub(crate) use running::{Reads, Running, Watch};
