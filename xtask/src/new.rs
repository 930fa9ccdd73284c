//! `make new`: a service of the user's own, beside the checkout.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};

use crate::checkout::Checkout;
use crate::generate::{Around, DATABASES, Generation, Source};
use crate::run::step;

/// Longer than any crate registry takes.
const MAX_NAME: usize = 64;

/// Words that cannot name a crate: keywords and what the compiler brings along.
const RESERVED: &[&str] = &[
    "abstract",
    "alloc",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "const",
    "continue",
    "core",
    "crate",
    "do",
    "dyn",
    "else",
    "enum",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "let",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "override",
    "priv",
    "proc-macro",
    "pub",
    "ref",
    "return",
    "self",
    "static",
    "std",
    "struct",
    "super",
    "test",
    "trait",
    "true",
    "try",
    "type",
    "typeof",
    "unsafe",
    "unsized",
    "use",
    "virtual",
    "where",
    "while",
    "yield",
];

/// The service's manifest, before it is rendered.
const MANIFEST: &str = "Cargo.toml.liquid";

/// `NAME=shop [DEST=..] [DATABASE=sqlite|postgres] [REDIS=true|false] [GRPC=true|false] [JOBS=true|false]`, as in the Makefile; an empty value counts as not given.
pub(crate) fn run(checkout: &Checkout, args: &[String]) -> Result<()> {
    let wanted = Wanted::parse(args)?;
    refuse_dependency_names(&wanted.name, checkout)?;
    let destination = match &wanted.dest {
        Some(dest) => dest.clone(),
        None => beside(checkout)?,
    };
    let generation = Generation {
        name: &wanted.name,
        database: &wanted.database,
        redis: wanted.redis,
        grpc: wanted.grpc,
        jobs: wanted.jobs,
        destination: &destination,
        source: Source::Checkout(checkout.clone()),
        around: Around::Untouched,
    };
    step(&format!(
        "generating {} on {}",
        wanted.name, wanted.database
    ));
    let folder = generation.run()?;
    println!(
        "{} is ready: cd {} && cargo run",
        wanted.name,
        folder.display()
    );
    Ok(())
}

fn beside(checkout: &Checkout) -> Result<PathBuf> {
    let parent = checkout.root().parent().map(Path::to_owned);
    parent.context("the checkout is the root folder; pass DEST=folder")
}

#[derive(Debug, PartialEq, Eq)]
struct Wanted {
    name: String,
    dest: Option<PathBuf>,
    database: String,
    redis: bool,
    grpc: bool,
    jobs: bool,
}

impl Wanted {
    fn parse(args: &[String]) -> Result<Self> {
        let (mut name, mut dest, mut database) = (None, None, DATABASES[0]);
        let (mut redis, mut grpc, mut jobs) = (false, false, true);
        for arg in args {
            match arg.split_once('=') {
                Some((_, "")) => {}
                Some(("NAME", value)) => name = Some(value),
                Some(("DEST", value)) => dest = Some(PathBuf::from(value)),
                Some(("DATABASE", value)) => database = value,
                Some(("REDIS", value)) => redis = parse_switch("REDIS", value)?,
                Some(("JOBS", value)) => jobs = parse_switch("JOBS", value)?,
                Some(("GRPC", value)) => grpc = parse_switch("GRPC", value)?,
                _ => bail!(
                    "`{arg}` is not an option of `make new`: NAME, DEST, DATABASE, REDIS, GRPC, JOBS"
                ),
            }
        }
        let name = name
            .context("which name? make new NAME=shop [DEST=folder] [DATABASE=sqlite|postgres] [REDIS=true|false] [GRPC=true|false] [JOBS=true|false]")?;
        check_name(name)?;
        check_database(database)?;
        Ok(Self {
            name: name.to_owned(),
            dest,
            database: database.to_owned(),
            redis,
            grpc,
            jobs,
        })
    }
}

fn parse_switch(option: &str, value: &str) -> Result<bool> {
    value
        .parse()
        .map_err(|_| anyhow!("{option}={value}: choose true or false"))
}

fn check_database(database: &str) -> Result<()> {
    if DATABASES.contains(&database) {
        return Ok(());
    }
    bail!(
        "DATABASE={database}: choose one of {}",
        DATABASES.join(", ")
    );
}

fn check_name(name: &str) -> Result<()> {
    let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let well_formed = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(letters)
        && !name.ends_with('-')
        && !name.contains("--")
        && name.len() <= MAX_NAME;
    if !well_formed {
        bail!(
            "NAME={name}: use lower-case letters, digits and single dashes, a letter first, at most {MAX_NAME}"
        );
    }
    if RESERVED.contains(&name) {
        bail!("NAME={name}: that is a word of Rust itself; choose another");
    }
    Ok(())
}

/// A package cannot depend on one with its own name.
fn refuse_dependency_names(name: &str, checkout: &Checkout) -> Result<()> {
    let path = checkout.template().join(MANIFEST);
    let manifest = std::fs::read_to_string(&path)
        .with_context(|| format!("no template at {}", path.display()))?;
    if dependencies(&manifest).any(|dependency| dependency == name) {
        bail!("NAME={name}: the service depends on a crate of that name; choose another");
    }
    Ok(())
}

fn dependencies(manifest: &str) -> impl Iterator<Item = &str> {
    let tables = manifest.split("\n[").skip(1);
    let tables = tables.filter(|table| {
        table
            .split(']')
            .next()
            .is_some_and(|name| name.ends_with("dependencies"))
    });
    tables.flat_map(str::lines).filter_map(|line| {
        let (key, _) = line.split_once('=')?;
        key.split('.').next().map(str::trim)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(args: &[&str]) -> Result<Wanted> {
        let args: Vec<_> = args.iter().map(|arg| (*arg).to_owned()).collect();
        Wanted::parse(&args)
    }

    #[test]
    fn empty_values_are_defaults() {
        let wanted = parse(&["NAME=shop", "DEST=", "DATABASE=", "REDIS="]).unwrap();
        assert_eq!((wanted.database.as_str(), wanted.dest), ("sqlite", None));
        assert!(wanted.jobs && !wanted.redis && !wanted.grpc);
        assert!(parse(&["NAME=shop", "GRPC=true"]).unwrap().grpc);
        assert!(!parse(&["NAME=shop", "JOBS=false"]).unwrap().jobs);
    }

    #[test]
    fn each_bad_value_is_named_with_the_mend() {
        let cases: [(&[&str], &str); 8] = [
            (&[], "NAME=shop"),
            (&["NAME=My Shop"], "lower-case"),
            (&["NAME=1shop"], "a letter first"),
            (&["NAME=match"], "word of Rust"),
            (&["NAME=shop", "DATABASE=oracle"], "sqlite, postgres"),
            (&["NAME=shop", "REDIS=yes"], "true or false"),
            (&["NAME=shop", "JOBS=no"], "true or false"),
            (&["NAME=shop", "GRPC=yes"], "true or false"),
        ];
        for (args, mend) in cases {
            let error = parse(args).unwrap_err().to_string();
            assert!(error.contains(mend), "{error}");
            assert_eq!(error.lines().count(), 1, "{error}");
        }
    }

    #[test]
    fn the_names_of_dependencies_are_read() {
        let manifest = "[package]\nname = \"x\"\n\n[dependencies]\naxum = \"0.8\"\ntokio.workspace = true\n\n[dev-dependencies]\ntempfile = \"3\"\n\n[lints.rust]\nunsafe_code = \"forbid\"\n";
        let found: Vec<_> = dependencies(manifest).collect();
        assert_eq!(found, ["axum", "tokio", "tempfile"]);
    }
}
