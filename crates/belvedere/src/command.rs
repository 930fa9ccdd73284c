use std::env;

/// What the binary was asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Command {
    Serve,
    Config,
    ConfigDefault,
    Migrate,
    /// Serves nobody, and runs jobs.
    Worker,
}

impl Command {
    /// Reads the process's arguments; the error is what to tell.
    pub(crate) fn from_process() -> Result<Self, String> {
        let arguments: Vec<_> = env::args().skip(1).collect();
        let words: Vec<_> = arguments.iter().map(String::as_str).collect();
        Self::parse(&words)
    }

    fn parse(words: &[&str]) -> Result<Self, String> {
        match words {
            [] | ["serve"] => Ok(Self::Serve),
            ["config"] => Ok(Self::Config),
            ["config", "--default"] => Ok(Self::ConfigDefault),
            ["migrate"] => Ok(Self::Migrate),
            ["worker"] => Ok(Self::Worker),
            other => Err(format!(
                "`{}` is no command; known are serve (the default), config, config --default, migrate, worker",
                other.join(" ")
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_command_is_named_beside_the_known_ones() {
        assert_eq!(Command::parse(&[]), Ok(Command::Serve));
        assert_eq!(
            Command::parse(&["config", "--default"]),
            Ok(Command::ConfigDefault)
        );
        let told = Command::parse(&["conifg"]).unwrap_err();
        assert!(
            told.contains("`conifg`") && told.contains("migrate"),
            "{told}"
        );
    }
}
