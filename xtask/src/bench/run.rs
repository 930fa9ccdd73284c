//! `make bench [ONLY=requests,stored,instructions,calls,growth,build] [QUICK=1]`: measures, keeps, renders, judges.

use anyhow::{Result, ensure};

use super::plan::Plan;
use super::render;
use super::results::Shelf;
use super::sections::{build, calls, growth, instructions, requests};
use super::side::Work;
use super::targets;
use crate::checkout::Checkout;
use crate::run::step;

/// In the order in which they run; each keeps its figures in a file of its own.
const SECTIONS: [&str; 6] = [
    "requests",
    "stored",
    "instructions",
    "calls",
    "growth",
    "build",
];

/// The sections named; all of them when none is.
pub(crate) fn run(checkout: &Checkout, args: &[String]) -> Result<()> {
    let only = args.iter().flat_map(|arg| arg.split([',', ' ']));
    let only: Vec<&str> = only.filter(|name| !name.is_empty()).collect();
    for name in &only {
        ensure!(
            SECTIONS.contains(name),
            "no section `{name}`: ONLY takes {}",
            SECTIONS.join(", ")
        );
    }
    let plan = Plan::from_environment();
    let shelf = Shelf::of(checkout, plan);
    for name in SECTIONS {
        if only.is_empty() || only.contains(&name) {
            step(&format!("bench: {name}"));
            measure(checkout, name, plan, &shelf)?;
        }
    }
    publish(&shelf)
}

/// The page and its pictures anew, from what is kept, without measuring anything.
pub(crate) fn render_alone(checkout: &Checkout) -> Result<()> {
    publish(&Shelf::in_checkout(checkout))
}

fn measure(checkout: &Checkout, name: &str, plan: Plan, shelf: &Shelf) -> Result<()> {
    match name {
        "requests" => shelf.write(name, &requests::measure(checkout, Work::Hello, plan)?),
        "stored" => shelf.write(name, &requests::measure(checkout, Work::Stored, plan)?),
        "instructions" => shelf.write(name, &instructions::measure(checkout, plan)?),
        "calls" => shelf.write(name, &calls::measure(checkout)?),
        "growth" => shelf.write(name, &growth::measure(checkout, plan)?),
        _ => shelf.write(name, &build::measure(checkout, plan)?),
    }
}

fn publish(shelf: &Shelf) -> Result<()> {
    let results = shelf.read()?;
    for (file, text) in render::all(&results) {
        super::results::write(&shelf.docs.join(file), &text)?;
    }
    println!("{}", targets::plain(&targets::judge(&results)));
    println!("written: {}", shelf.docs.join(render::PAGE).display());
    Ok(())
}
