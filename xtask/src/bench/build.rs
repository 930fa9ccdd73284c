//! The programs that are compared, each built by itself: features of one must not slip into another.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;
use tempfile::TempDir;

use super::python;
use super::service;
use super::side::Program;
use crate::checkout::Checkout;
use crate::run::command;
use crate::run::step;

/// Everything built.
#[derive(Debug)]
pub(crate) struct Programs {
    /// Generated services live here.
    around: TempDir,
    built: BTreeMap<&'static str, Built>,
    form: Form,
    pub(crate) load: PathBuf,
    pub(crate) receiver: PathBuf,
}

/// How things are built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Release,
    /// Quicker, to see that everything works.
    Debug,
}

/// How one is started.
#[derive(Debug, Clone)]
pub(crate) struct Built {
    pub(crate) program: PathBuf,
    pub(crate) args: Vec<String>,
    pub(crate) folder: PathBuf,
}

impl Program {
    /// Its package, or what stands for one.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare-axum",
            Self::BareStored => "bare-stored",
            Self::Service => "bench-service",
            Self::StoredService => "bench-stored-service",
            Self::DoItYourself => "do-it-yourself",
            Self::Foundations => "with-foundations",
            Self::Loco => "with-loco",
            Self::FastApi => "fastapi",
            Self::Growth => "growth",
        }
    }
}

impl Programs {
    /// Builds what is wanted, in release form, and what every comparison needs.
    pub(crate) fn build(
        checkout: &Checkout,
        form: Form,
        wanted: impl IntoIterator<Item = Program>,
    ) -> Result<Self> {
        let benches = checkout.benches();
        let member = |name: &str| member(&benches, &checkout.target(), form, name);
        let (load, receiver) = (member("load")?, member("receiver")?);
        let mut programs = Self {
            around: tempfile::tempdir()?,
            built: BTreeMap::new(),
            form,
            load: load.program,
            receiver: receiver.program,
        };
        for program in wanted {
            if programs.built.contains_key(program.name()) {
                continue;
            }
            let built = match program {
                Program::Service | Program::StoredService => programs.service(checkout, program)?,
                Program::FastApi => python::install(checkout)?,
                Program::Loco => member(program.name())?.arg("start"),
                _ => member(program.name())?,
            };
            programs.built.insert(program.name(), built);
        }
        Ok(programs)
    }

    fn service(&self, checkout: &Checkout, program: Program) -> Result<Built> {
        let (name, target) = (program.name(), checkout.target());
        step(&format!(
            "generating and building {name} ({})",
            self.form.name()
        ));
        let has_stores = program == Program::StoredService;
        let folder = service::generate(checkout, self.around.path(), name, has_stores)?;
        let mut cargo = command::cargo(&folder, &target);
        command::capture(cargo.args(["build", "--quiet"]).args(self.form.args()))?;
        Ok(Built::new(target.join(self.form.name()).join(name), folder))
    }

    /// One that was asked for.
    pub(crate) fn get(&self, program: Program) -> &Built {
        &self.built[program.name()]
    }

    /// A scratch file of this run.
    pub(crate) fn scratch(&self, name: &str) -> PathBuf {
        self.around.path().join(name)
    }
}

impl Form {
    /// The folder below the target directory, too.
    const fn name(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Debug => "debug",
        }
    }

    fn args(self) -> Option<&'static str> {
        (self == Self::Release).then_some("--release")
    }
}

impl Built {
    pub(crate) const fn new(program: PathBuf, folder: PathBuf) -> Self {
        Self {
            program,
            folder,
            args: Vec::new(),
        }
    }

    pub(crate) fn arg(mut self, arg: impl Into<String>) -> Self {
        self.args.push(arg.into());
        self
    }
}

fn member(benches: &Path, target: &Path, form: Form, name: &str) -> Result<Built> {
    step(&format!("building {name} ({})", form.name()));
    let mut cargo = command::cargo(benches, target);
    cargo.args(["build", "--quiet", "-p", name]);
    command::capture(cargo.args(form.args()))?;
    let program = target.join(form.name()).join(name);
    Ok(Built::new(program, benches.to_owned()))
}
