//! The generated service, with the routes that the others have.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

use crate::checkout::Checkout;
use crate::generate::{Around, Generation, Source};
use crate::template_test::snippet;

/// One SELECT and one GET, as a user of the framework writes them.
const STORED: &str = include_str!("stored.rs.txt");

/// A fresh service that greets; with stores, also one that asks them.
pub(crate) fn generate(
    checkout: &Checkout,
    around: &Path,
    name: &str,
    has_stores: bool,
) -> Result<PathBuf> {
    let generation = Generation {
        name,
        database: if has_stores { "postgres" } else { "sqlite" },
        redis: has_stores,
        grpc: false,
        jobs: false,
        destination: around,
        source: Source::Checkout(checkout.clone()),
        around: Around::Untouched,
    };
    let folder = generation.run()?;
    snippet::ROUTE.apply(checkout, &folder)?;
    // For anybody: bare axum asks nobody for whom he calls either.
    replace(&folder.join("src/main.rs"), ".routes(", ".open_routes(")?;
    if has_stores {
        add_stored(&folder, &name.replace('-', "_"))?;
    }
    Ok(folder)
}

fn add_stored(folder: &Path, krate: &str) -> Result<()> {
    fs::write(folder.join("src/stored.rs"), STORED)?;
    replace(
        &folder.join("src/lib.rs"),
        "pub mod state;\n",
        "pub mod state;\npub mod stored;\n",
    )?;
    let mounted = format!(
        ".open_routes({krate}::stored::router(stored_in, redis.clone().expect(\"REDIS_URL\")))\n        .open_routes("
    );
    let main = folder.join("src/main.rs");
    replace(&main, ".open_routes(", &mounted)?;
    let handle = "let stored_in = database.clone();\n    boot.service()";
    replace(&main, "boot.service()", handle)?;
    let redis = "redis = { version = \"1.8.1\", default-features = false }\nserde =";
    replace(&folder.join("Cargo.toml"), "serde =", redis)
}

fn replace(file: &Path, from: &str, to: &str) -> Result<()> {
    let text = fs::read_to_string(file)?;
    let count = text.matches(from).count();
    let name = file.display();
    ensure!(count == 1, "{name} has `{}` {count} times", from.trim());
    Ok(fs::write(file, text.replace(from, to))?)
}
