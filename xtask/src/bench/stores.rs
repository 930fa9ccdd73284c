//! A PostgreSQL and a Redis that nobody else uses, filled for the stored work.

use std::process::Command;

use anyhow::Result;
use belvedere_testing::{ThrowAwayPostgres, ThrowAwayRedis};

use super::build::Programs;
use super::side::Program;
use crate::run::command;
use crate::run::service::Launch;

/// Gone when it is dropped.
pub(crate) struct Stores {
    postgres: ThrowAwayPostgres,
    redis: ThrowAwayRedis,
}

impl Stores {
    /// Starts both; the base line's program fills them.
    pub(crate) fn start(programs: &Programs) -> Result<Self> {
        let stores = Self {
            postgres: ThrowAwayPostgres::start()?,
            redis: ThrowAwayRedis::start()?,
        };
        let mut seed = Command::new(&programs.get(Program::BareStored).program);
        seed.arg("seed").envs(stores.variables());
        command::capture(&mut seed)?;
        Ok(stores)
    }

    pub(crate) fn name_to(&self, launch: Launch) -> Launch {
        let variables = self.variables().into_iter();
        variables.fold(launch, |launch, (name, value)| launch.env(name, value))
    }

    fn variables(&self) -> [(&'static str, String); 2] {
        [
            ("DATABASE_URL", self.postgres.url().to_owned()),
            ("REDIS_URL", self.redis.url()),
        ]
    }
}
