//! Where things are in this checkout.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The root of the repository.
#[derive(Debug, Clone)]
pub(crate) struct Checkout {
    root: PathBuf,
}

impl Checkout {
    /// From the manifest that `cargo run` names, else from the current folder.
    pub(crate) fn find() -> Result<Self> {
        let start = match std::env::var_os("CARGO_MANIFEST_DIR") {
            Some(manifest) => PathBuf::from(manifest),
            None => std::env::current_dir()?,
        };
        let root = start
            .ancestors()
            .find(|folder| folder.join("xtask/Cargo.toml").is_file())
            .with_context(|| format!("no Belvedere checkout around {}", start.display()))?;
        Self::at(root)
    }

    /// At a known folder.
    pub(crate) fn at(root: &Path) -> Result<Self> {
        let root = root.canonicalize()?;
        Ok(Self { root })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn template(&self) -> PathBuf {
        self.root.join("template")
    }

    pub(crate) fn benches(&self) -> PathBuf {
        self.root.join("benches")
    }

    /// What `belvedere_path` takes.
    pub(crate) fn facade(&self) -> PathBuf {
        self.root.join("crates/belvedere")
    }

    /// One target directory for the workspace and all generated services: shared dependencies are compiled once.
    pub(crate) fn target(&self) -> PathBuf {
        match std::env::var_os("CARGO_TARGET_DIR") {
            Some(target) => self.root.join(target),
            None => self.root.join("target"),
        }
    }
}
