//! CI of the generated service: it calls the Makefile, and what it calls is there.

use anyhow::Result;

use super::files::Files;

pub(super) const FILE: &str = ".github/workflows/ci.yml";

pub(super) fn check(files: &Files) -> Result<Vec<String>> {
    let makefile = files.text("Makefile")?;
    let mut found = Vec::new();
    for step in steps(files)? {
        if let Some(action) = step["uses"].as_str()
            && !action.contains("@v")
        {
            found.push(format!("the action {action} has no version"));
        }
        let run = step["run"].as_str().unwrap_or_default();
        let missing = targets(run).find(|target| !makefile.contains(&format!("\n{target}:")));
        found.extend(missing.map(|target| format!("the Makefile has no target `{target}`")));
    }
    if steps(files)?.iter().all(|step| step["run"] != "make test") {
        found.push("nothing runs `make test`".to_owned());
    }
    Ok(found.iter().map(|fault| files.fault(FILE, fault)).collect())
}

fn steps(files: &Files) -> Result<Vec<serde_json::Value>> {
    let workflow = files.yaml(FILE)?;
    let jobs = workflow["jobs"].as_object().into_iter().flatten();
    let steps = jobs.filter_map(|(_, job)| job["steps"].as_array());
    Ok(steps.flatten().cloned().collect())
}

fn targets(run: &str) -> impl Iterator<Item = &str> {
    let commands = run.split("&&").map(str::trim);
    let targets = commands.filter_map(|command| command.strip_prefix("make "));
    targets.flat_map(|targets| targets.split(' '))
}
