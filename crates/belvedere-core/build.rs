//! Tells the code which compiler made it: Cargo does not.

use std::{env, process::Command};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!(
        "cargo::rustc-env=BELVEDERE_RUSTC={}",
        rustc().unwrap_or_else(|| "unknown".to_owned())
    );
}

/// `rustc 1.95.0 (59807616e 2026-04-14)` is `1.95.0`.
fn rustc() -> Option<String> {
    let output = Command::new(env::var_os("RUSTC")?)
        .arg("--version")
        .output()
        .ok()?;
    let told = String::from_utf8(output.stdout).ok()?;
    told.split_whitespace().nth(1).map(str::to_owned)
}
