//! `config/default.toml` as it is shipped, held against what the service says its knobs are.

use std::fs;
use std::time::Duration;

use anyhow::{Result, bail};

use super::preset::Preset;

/// It prints and ends, with room for a busy machine.
const LIMIT: Duration = Duration::from_secs(20);

pub(crate) fn check(preset: &Preset) -> Result<()> {
    let launch = preset.launch().arg("config").arg("--default");
    let told = launch.run_to_end(LIMIT)?.log.join("\n");
    let shipped = fs::read_to_string(preset.folder.join("config/default.toml"))?;
    same(&told, &shipped)
}

fn same(told: &str, shipped: &str) -> Result<()> {
    let lines =
        |text: &str| -> Vec<String> { text.trim_end().lines().map(str::to_owned).collect() };
    let (told, shipped) = (lines(told), lines(shipped));
    if told == shipped {
        return Ok(());
    }
    let at = told
        .iter()
        .zip(&shipped)
        .take_while(|(a, b)| a == b)
        .count();
    let line = |text: &[String]| text.get(at).cloned().unwrap_or_default();
    bail!(
        "config/default.toml line {}: it has `{}`, the code `{}`; write it anew with `config --default`",
        at + 1,
        line(&shipped),
        line(&told)
    )
}

#[cfg(test)]
mod tests {
    use super::same;

    #[test]
    fn a_stale_file_is_told_with_its_first_line() {
        assert!(same("[http]\nport = 1\n", "[http]\nport = 1").is_ok());
        let told = same("[http]\nport = 2", "[http]\nport = 1")
            .unwrap_err()
            .to_string();
        assert!(
            told.contains("line 2") && told.contains("port = 2"),
            "{told}"
        );
        assert!(same("[http]\nport = 1", "[http]").is_err());
    }
}
