//! Instructions a request of every side that has instructions of its own.

use anyhow::Result;

use crate::bench::build::Programs;
use crate::bench::machine::Taken;
use crate::bench::measure::instructions::{self, Instructions};
use crate::bench::plan::Plan;
use crate::bench::results::Counted;
use crate::bench::side::{Program, Side, Work};
use crate::bench::start::Bench;
use crate::checkout::Checkout;
use crate::run::step;
use crate::tools;

pub(crate) fn measure(checkout: &Checkout, plan: Plan) -> Result<Counted> {
    tools::ensure("valgrind")?;
    let taken = Taken::now(checkout)?;
    Ok(Counted {
        hello: count(checkout, Work::Hello, plan)?,
        stored: count(checkout, Work::Stored, plan)?,
        taken,
    })
}

fn count(checkout: &Checkout, work: Work, plan: Plan) -> Result<Instructions> {
    let sides = Side::doing(work).iter().copied();
    let sides: Vec<Side> = sides.filter(|side| side.is_native()).collect();
    let programs = sides.iter().map(|side| side.program(work));
    let programs = Programs::build(checkout, plan.form(), programs.chain([Program::BareStored]))?;
    let bench = Bench::new(programs, work)?;
    step("instructions under callgrind");
    instructions::measure(&bench, &sides)
}
