use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use super::ConfigError;

/// What the process was started with: variables, and where its files are.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
    directory: PathBuf,
}

impl Environment {
    /// The variables of the process; in development those of `.env` beneath them. Files are read from `config/`.
    ///
    /// # Errors
    ///
    /// `.env` exists and cannot be parsed.
    pub fn from_process() -> Result<Self, ConfigError> {
        let variables: BTreeMap<_, _> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let environment = Self {
            variables,
            directory: PathBuf::from("config"),
        };
        if environment.name() == "development" {
            return environment.beneath(Path::new(".env"));
        }
        Ok(environment)
    }

    /// Reads files from another directory than `config/`.
    #[must_use]
    pub fn directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = directory.into();
        self
    }

    /// `ENVIRONMENT`, `development` when unset.
    pub fn name(&self) -> &str {
        self.get("ENVIRONMENT").unwrap_or("development")
    }

    /// A variable that is set and not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.variables.keys().map(String::as_str)
    }

    /// The files, the weakest first; none when there is no directory.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        if self.directory.as_os_str().is_empty() {
            return Vec::new();
        }
        let stems = ["default", self.name()];
        stems
            .iter()
            .map(|stem| self.directory.join(format!("{stem}.toml")))
            .collect()
    }

    fn beneath(mut self, file: &Path) -> Result<Self, ConfigError> {
        if !file.exists() {
            return Ok(self);
        }
        let name = file.display().to_string();
        let entries = dotenvy::from_path_iter(file)
            .map_err(|error| ConfigError::new(&name, error.to_string()))?;
        for entry in entries {
            let (key, value) =
                entry.map_err(|_| ConfigError::new(&name, "has a line that is not KEY=value"))?;
            self.variables.entry(key).or_insert(value);
        }
        Ok(self)
    }
}

/// Variables alone: no files, no process. For tests and tools.
impl FromIterator<(String, String)> for Environment {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(variables: I) -> Self {
        Self {
            variables: variables.into_iter().collect(),
            directory: PathBuf::new(),
        }
    }
}
