//! What was measured, as `benches/results/*.json` keeps it: a section each, so that one can be taken anew alone.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::figures::Spread;
use super::machine::Taken;
use super::measure::instructions::Instructions;
use super::plan::Plan;
use super::side::Side;
use crate::checkout::Checkout;

/// Every section that was ever measured.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Results {
    pub(crate) requests: Option<Requests>,
    pub(crate) stored: Option<Requests>,
    pub(crate) instructions: Option<Counted>,
    pub(crate) calls: Option<Calls>,
    pub(crate) growth: Option<Growth>,
    pub(crate) build: Option<Build>,
}

/// One kind of work, side by side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Requests {
    pub(crate) taken: Taken,
    pub(crate) rounds: usize,
    /// Requests a second for the latencies.
    pub(crate) rate: u32,
    pub(crate) sides: Vec<Measured>,
}

/// Everything about one side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Measured {
    pub(crate) side: Side,
    pub(crate) cpu_us: Spread,
    pub(crate) per_second: Spread,
    pub(crate) busy: f64,
    pub(crate) p50_us: Option<Spread>,
    pub(crate) p99_us: Option<Spread>,
    pub(crate) idle_mib: f64,
    pub(crate) loaded_mib: f64,
    pub(crate) start_ms: Spread,
    /// What was left of each request while as many as possible were sent.
    pub(crate) lines: f64,
    pub(crate) spans: f64,
}

/// Instructions a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Counted {
    pub(crate) taken: Taken,
    pub(crate) hello: Instructions,
    pub(crate) stored: Instructions,
}

/// A call by gRPC, side by side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Calls {
    pub(crate) taken: Taken,
    pub(crate) sides: Vec<Call>,
}

/// What one call costs the server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Call {
    /// As the bench names it.
    pub(crate) side: String,
    pub(crate) cpu_us: f64,
    pub(crate) instructions: f64,
}

/// How cost grows with what is asked of a service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Growth {
    pub(crate) taken: Taken,
    pub(crate) curves: Vec<Curve>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Curve {
    /// What there is more and more of.
    pub(crate) of: String,
    pub(crate) points: Vec<Point>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Point {
    pub(crate) count: u32,
    pub(crate) cpu_us: Spread,
    pub(crate) loaded_mib: f64,
    /// Lines and spans that were dropped for each request, and counted.
    pub(crate) dropped: f64,
}

/// What a build takes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Build {
    pub(crate) taken: Taken,
    pub(crate) presets: Vec<Built>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Built {
    pub(crate) name: String,
    pub(crate) crates: u32,
    /// Debug, from nothing.
    pub(crate) cold_s: f64,
    /// Debug, after one handler was touched.
    pub(crate) again_s: f64,
    /// Release, from nothing.
    pub(crate) release_s: f64,
    /// Release, without its symbols.
    pub(crate) binary_mib: f64,
}

impl Calls {
    pub(crate) fn of(&self, side: &str) -> Option<&Call> {
        self.sides.iter().find(|call| call.side == side)
    }
}

impl Requests {
    pub(crate) fn of(&self, side: Side) -> Option<&Measured> {
        self.sides.iter().find(|measured| measured.side == side)
    }
}

/// Where results are kept, and the page made of them.
#[derive(Debug, Clone)]
pub(crate) struct Shelf {
    pub(crate) results: PathBuf,
    /// The page and its pictures, in one folder.
    pub(crate) docs: PathBuf,
}

impl Shelf {
    /// In the checkout; those of a trial below the target directory, where nobody takes them for real.
    pub(crate) fn of(checkout: &Checkout, plan: Plan) -> Self {
        if plan.is_trial {
            let trial = checkout.target().join("bench/trial");
            return Self {
                results: trial.join("results"),
                docs: trial.join("docs"),
            };
        }
        Self::in_checkout(checkout)
    }

    pub(crate) fn in_checkout(checkout: &Checkout) -> Self {
        Self {
            results: checkout.benches().join("results"),
            docs: checkout.root().join("docs"),
        }
    }

    pub(crate) fn read(&self) -> Result<Results> {
        Ok(Results {
            requests: self.section("requests")?,
            stored: self.section("stored")?,
            instructions: self.section("instructions")?,
            calls: self.section("calls")?,
            growth: self.section("growth")?,
            build: self.section("build")?,
        })
    }

    fn section<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        let path = self.path(name);
        if !path.is_file() {
            return Ok(None);
        }
        let text = fs::read_to_string(&path)?;
        let section = serde_json::from_str(&text);
        section
            .map(Some)
            .with_context(|| path.display().to_string())
    }

    pub(crate) fn write(&self, name: &str, section: &impl Serialize) -> Result<()> {
        let text = serde_json::to_string_pretty(section)? + "\n";
        write(&self.path(name), &text)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.results.join(format!("{name}.json"))
    }
}

/// With the folders around it.
pub(crate) fn write(path: &Path, text: &str) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, text).with_context(|| format!("could not write {}", path.display()))
}
