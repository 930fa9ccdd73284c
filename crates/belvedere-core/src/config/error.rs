use std::fmt;

/// One thing that is wrong, and where it was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigProblem {
    /// The variable, or the file and key.
    pub place: String,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl fmt::Display for ConfigProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

/// Everything that is wrong with the configuration, at once. The process ends with exit code 78 (`EX_CONFIG`).
#[derive(Debug, thiserror::Error)]
pub struct ConfigError {
    /// Never empty.
    pub problems: Vec<ConfigProblem>,
}

impl ConfigError {
    /// A single problem.
    pub fn new(place: impl Into<String>, message: impl Into<String>) -> Self {
        let problem = ConfigProblem {
            place: place.into(),
            message: message.into(),
        };
        Self {
            problems: vec![problem],
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let problems: Vec<_> = self.problems.iter().map(ToString::to_string).collect();
        write!(f, "configuration: {}", problems.join("; "))
    }
}

/// Gathers what is wrong, so that all of it is told at once.
#[derive(Debug, Default)]
pub struct Problems(Vec<ConfigProblem>);

impl Problems {
    /// What came out well, or `None` and its problems kept.
    pub fn take<T>(&mut self, outcome: Result<T, ConfigError>) -> Option<T> {
        outcome.map_err(|error| self.0.extend(error.problems)).ok()
    }

    /// What was gathered, if anything.
    ///
    /// # Errors
    ///
    /// Something was.
    pub fn into_result(self) -> Result<(), ConfigError> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(self.into())
        }
    }
}

impl From<Problems> for ConfigError {
    fn from(Problems(problems): Problems) -> Self {
        Self { problems }
    }
}
