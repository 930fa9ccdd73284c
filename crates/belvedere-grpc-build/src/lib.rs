#![doc = include_str!("../README.md")]

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

/// The descriptor set's file in `OUT_DIR`, as `tonic::include_file_descriptor_set!("descriptors")` looks for it.
const DESCRIPTORS: &str = "descriptors.bin";

/// Nothing was generated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The folder cannot be read, or the code not be written.
    #[error("{}", .0.display())]
    Io(PathBuf, #[source] io::Error),
    /// There is nothing to make code of.
    #[error("{} has no .proto file", .0.display())]
    Empty(PathBuf),
    /// A file is not what the language says; the error names its line.
    #[error("{0}")]
    Proto(#[from] protox::Error),
    /// It was not run by cargo as a build script.
    #[error("OUT_DIR is not set: only a build script can do this")]
    NoOutDir,
}

/// Makes code of every `.proto` file below `folder`, which is also where their imports are looked for. Cargo runs the build
/// script again when one of them has changed.
///
/// # Errors
///
/// There is no such file, or one that cannot be read.
pub fn compile(folder: impl AsRef<Path>) -> Result<(), BuildError> {
    let folder = folder.as_ref();
    watch(folder);
    let out = env::var_os("OUT_DIR").ok_or(BuildError::NoOutDir)?;
    compile_into(folder, Path::new(&out))
}

/// [`compile`] for another folder than `OUT_DIR`.
///
/// # Errors
///
/// As for [`compile`].
pub fn compile_into(folder: impl AsRef<Path>, out: &Path) -> Result<(), BuildError> {
    let folder = folder.as_ref();
    let files = protos(folder)?;
    if files.is_empty() {
        return Err(BuildError::Empty(folder.to_owned()));
    }
    let mut compiler = protox::Compiler::new([folder])?;
    // What is imported too, well-known types among it: reflection tells of whole files.
    compiler.include_imports(true).include_source_info(true);
    compiler.open_files(files)?;
    let descriptors = out.join(DESCRIPTORS);
    let write = fs::write(&descriptors, compiler.encode_file_descriptor_set());
    write.map_err(|error| BuildError::Io(descriptors, error))?;
    tonic_prost_build::configure()
        .out_dir(out)
        .compile_fds(compiler.file_descriptor_set())
        .map_err(|error| BuildError::Io(out.to_owned(), error))
}

#[expect(clippy::print_stdout, reason = "it is how cargo is told")]
fn watch(folder: &Path) {
    println!("cargo::rerun-if-changed={}", folder.display());
}

fn protos(folder: &Path) -> Result<Vec<PathBuf>, BuildError> {
    let unreadable = |error| BuildError::Io(folder.to_owned(), error);
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.is_dir() {
            found.extend(protos(&path)?);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "proto")
        {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
