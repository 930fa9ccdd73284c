//! What a team deploys: the image, the stack on one machine, Kubernetes, CI. Looked at as generated, for every preset.
//!
//! Schemas are held by programs of others; what is only ours, such as the three probes, is checked here.

mod collector;
mod files;
mod image;
mod kubernetes;
mod manifest;
mod network;
mod passwords;
mod pinned;
mod pods;
mod programs;
mod prometheus;
mod rotel;
mod rpc;
pub(crate) mod serves;
mod stack;
mod workflow;

#[cfg(test)]
mod tests;

use anyhow::{Result, bail};

use self::files::Files;
use crate::checkout::Checkout;
use crate::generate::{Around, Generation, Source};
use crate::run::step;
use crate::template_test::build;
use crate::template_test::preset::Preset;

/// Database, and whether it has Redis and gRPC: each of the ways a service can be generated.
const PRESETS: [(&str, bool); 3] = [("sqlite", false), ("postgres", false), ("postgres", true)];
/// Of each generated service.
pub(crate) const NAME: &str = "shop";

/// The files, every value in them and what programs say of them; of each preset.
///
/// `--live` starts a service with their variables, which the template test does with each preset.
pub(crate) fn run(checkout: &Checkout, args: &[String]) -> Result<()> {
    if args.iter().any(|arg| arg == "--live") {
        return live(checkout);
    }
    step("deploy: image, stack, Kubernetes, CI");
    let mut found = Vec::new();
    for (database, redis) in PRESETS {
        let around = tempfile::tempdir()?;
        let folder = generate(checkout, around.path(), database, redis)?;
        let files = Files::of(&folder, &format!("{database}, redis={redis}, grpc={redis}"));
        found.extend(written(&files)?);
        found.extend(programs::check(&files)?);
        found.extend(passwords::check(&files)?);
        found.extend(prometheus::check(&files)?);
    }
    match found.is_empty() {
        true => Ok(()),
        false => bail!("{}", found.join("\n       ")),
    }
}

fn live(checkout: &Checkout) -> Result<()> {
    step("deploy: a service with the variables of the stack and of Kubernetes");
    let preset = Preset::generate(checkout, "postgres")?;
    build::build(&preset)?;
    serves::in_the_stack(&preset)?;
    serves::in_the_cluster(&preset)
}

/// What can be seen without running a program.
fn written(files: &Files) -> Result<Vec<String>> {
    let mut found = image::check(files)?;
    found.extend(stack::check(files)?);
    found.extend(collector::check(files)?);
    found.extend(workflow::check(files)?);
    found.extend(rpc::check(files)?);
    if files.has(kubernetes::FOLDER) {
        found.extend(kubernetes::check(files)?);
    }
    Ok(found)
}

fn generate(
    checkout: &Checkout,
    destination: &std::path::Path,
    database: &str,
    redis: bool,
) -> Result<std::path::PathBuf> {
    let generation = Generation {
        name: NAME,
        database,
        redis,
        grpc: redis,
        jobs: true,
        destination,
        source: Source::Checkout(checkout.clone()),
        around: Around::Untouched,
    };
    generation.run()
}
