use std::any::Any;

use belvedere_core::{Shutdown, propagation::Propagators, trace::Tracer};

use crate::{BootError, JobsConfig};

/// Not built in.
#[derive(Debug)]
pub(crate) enum Jobs {}

/// Nothing runs.
#[derive(Debug)]
pub(crate) enum Running {}

/// What jobs would share with the rest of the process.
#[derive(Debug)]
#[expect(dead_code, reason = "nothing is there to read it")]
pub(crate) struct Surroundings {
    pub(crate) tracer: Tracer,
    pub(crate) propagators: Propagators,
    pub(crate) shutdown: Shutdown,
    pub(crate) held: Box<dyn Any + Send>,
}

impl Running {
    pub(crate) async fn ended(&mut self) -> u32 {
        match *self {}
    }

    pub(crate) const fn cut(&self) {
        match *self {}
    }
}

pub(crate) async fn start(
    jobs: Jobs,
    _: bool,
    _: &JobsConfig,
    _: Surroundings,
) -> Result<Running, BootError> {
    match jobs {}
}
