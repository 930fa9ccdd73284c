//! The page that tells results, and its pictures: all of them follow from the results alone.

mod bars;
mod calls;
mod curves;
mod growth;
mod page;
mod requests;
#[cfg(test)]
pub(crate) mod sample;
mod svg;
mod table;

pub(crate) use page::{PAGE, all};
