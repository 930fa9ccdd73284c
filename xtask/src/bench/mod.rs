//! What a request costs: bare axum, a generated service and what else there is, side by side, for the very same answer.
//!
//! `side` says who is compared, `build` and `start` make them answer, `proof` sees to it that each does what it is measured for,
//! `measure` looks at them, `sections` decide what is looked at, `results` keep it, and `render` and `targets` tell it.

mod build;
mod cores;
mod figures;
mod limits;
mod load;
mod machine;
mod measure;
mod plan;
mod proof;
mod python;
mod quick;
mod receiver;
mod render;
mod results;
mod run;
mod sections;
mod service;
mod side;
mod start;
mod stores;
mod targets;

pub(crate) use quick::{gate, quick};
pub(crate) use run::{render_alone, run};
