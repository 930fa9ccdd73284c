//! The service to drill: generated as anybody's, with a file of routes that misbehave. The template has no such thing.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

use crate::checkout::Checkout;
use crate::generate::{Around, Generation, Source};
use crate::run::{command, step};

pub(super) const NAME: &str = "drill-shop";
const ROUTES: &str = include_str!("../../drill/routes.rs");
/// What is added, to which file, behind what.
const ADDED: [(&str, &str, &str); 4] = [
    ("src/lib.rs", "pub mod config;\n", "pub mod faults;\n"),
    (
        "src/lib.rs",
        ".nest(\"/v1/orders\", orders::router())\n",
        "        .nest(\"/v1/faults\", faults::router())\n",
    ),
    (
        "src/orders/jobs.rs",
        "(job: Delivery<SendConfirmation>) -> Result<(), OrderError> {\n",
        "    crate::faults::mail().await?;\n",
    ),
    (
        "Cargo.toml",
        "[dependencies]\n",
        // tokio is there already: for gRPC.
        "metrics = \"0.24.6\"\n",
    ),
];

/// Where it is.
pub(super) struct Built {
    pub(super) folder: PathBuf,
    pub(super) binary: PathBuf,
}

/// What is in `around` already is taken as it is.
pub(super) fn run(checkout: &Checkout, around: &Path) -> Result<Built> {
    let around = std::path::absolute(around)?;
    let (folder, binary) = (around.join(NAME), around.join(format!("{NAME}-binary")));
    if !binary.is_file() {
        step("drill: generating and building the service");
        generate(checkout, &around)?;
        let target = checkout.target();
        command::capture(command::cargo(&folder, &target).args(["build", "--quiet"]))?;
        // Another drill of the same checkout builds to the same place.
        fs::copy(target.join("debug").join(NAME), &binary)?;
    }
    Ok(Built { folder, binary })
}

fn generate(checkout: &Checkout, around: &Path) -> Result<()> {
    let generation = Generation {
        name: NAME,
        database: "postgres",
        redis: true,
        grpc: true,
        jobs: true,
        destination: around,
        source: Source::Checkout(checkout.clone()),
        around: Around::Untouched,
    };
    add_routes(&generation.run()?)
}

fn add_routes(folder: &Path) -> Result<()> {
    fs::write(folder.join("src/faults.rs"), ROUTES)?;
    for (file, behind, added) in ADDED {
        let path = folder.join(file);
        let text = fs::read_to_string(&path)?;
        ensure!(text.contains(behind), "{file} has no `{}`", behind.trim());
        fs::write(path, text.replacen(behind, &format!("{behind}{added}"), 1))?;
    }
    Ok(())
}
