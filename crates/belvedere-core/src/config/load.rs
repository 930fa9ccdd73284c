use std::path::Path;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{ConfigError, ConfigProblem, Docs, Environment, Knob};
use crate::Redactor;

/// Variables without a section, as platforms set them. The name with a section is the stronger one.
const ALIASES: [(&str, &str); 5] = [
    ("RUST_LOG", "log.level"),
    ("DATABASE_URL", "database.url"),
    ("DATABASE_POOL_SIZE", "database.pool_size"),
    ("REDIS_URL", "redis.url"),
    ("SENTRY_DSN", "sentry.dsn"),
];

/// The section of OpenTelemetry's own variables, which have single underscores only.
const OTEL: &str = "otel.";

/// One value that somebody set.
struct Setting {
    path: String,
    place: String,
    value: Value,
}

/// Reads every source and tells every problem at once.
///
/// Each setting is tried alone, on top of what is already known to be good: so each bad one is named, not only the first.
///
/// # Errors
///
/// An unknown key, a value of the wrong kind, a file that cannot be read.
pub fn load<C>(environment: &Environment) -> Result<C, ConfigError>
where
    C: Knob + Default + Serialize + DeserializeOwned,
{
    let docs = Docs::of::<C>();
    let mut problems = Vec::new();
    let mut settings = file_settings(environment, &docs, &mut problems);
    settings.extend(variable_settings(environment, &docs, &mut problems));
    let mut tree = serde_json::to_value(C::default())
        .map_err(|error| ConfigError::new("defaults", error.to_string()))?;
    let mut config = C::default();
    for setting in settings {
        match apply::<C>(&tree, &setting, &docs) {
            Ok((better, good)) => (tree, config) = (better, good),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() {
        Ok(config)
    } else {
        Err(ConfigError { problems })
    }
}

fn apply<C: DeserializeOwned>(
    tree: &Value,
    setting: &Setting,
    docs: &Docs,
) -> Result<(Value, C), ConfigProblem> {
    let mut first_error = None;
    for reading in readings(&setting.value) {
        let mut tree = tree.clone();
        set(&mut tree, &setting.path, reading);
        match serde_json::from_value(tree.clone()) {
            Ok(config) => return Ok((tree, config)),
            Err(error) => first_error = first_error.or(Some(error)),
        }
    }
    let reason = first_error.map_or_else(String::new, |error| error.to_string());
    Err(setting.problem(&reason, docs))
}

impl Setting {
    fn problem(&self, reason: &str, docs: &Docs) -> ConfigProblem {
        let redactor = Redactor::default();
        let message = if redactor.hides(&self.path) || docs.is_secret(&self.path) {
            "is not valid".to_owned()
        } else {
            let value = self.value.to_string();
            let value = redactor.show(&self.path, &value);
            format!(
                "{value} is not valid: {}",
                redactor.show(&self.path, reason)
            )
        };
        ConfigProblem {
            place: self.place.clone(),
            message,
        }
    }
}

/// What a text may mean: variables have no types.
fn readings(value: &Value) -> Vec<Value> {
    let mut readings = vec![value.clone()];
    if let Value::String(text) = value {
        readings.extend(scalar(text));
        let items = text
            .split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty());
        readings.push(items.map(|item| Value::from(item.to_owned())).collect());
    }
    readings
}

fn scalar(text: &str) -> Option<Value> {
    serde_json::from_str(text)
        .ok()
        .filter(|value: &Value| value.is_number() || value.is_boolean())
}

fn set(tree: &mut Value, path: &str, value: Value) {
    let mut place = tree;
    for key in path.split('.') {
        place = &mut place[key];
    }
    *place = value;
}

fn file_settings(
    environment: &Environment,
    docs: &Docs,
    problems: &mut Vec<ConfigProblem>,
) -> Vec<Setting> {
    let mut settings = Vec::new();
    for file in environment.files().iter().filter(|file| file.exists()) {
        match read_toml(file) {
            Ok(tree) => flatten(&file.display().to_string(), "", tree, docs, &mut settings),
            Err(problem) => problems.push(problem),
        }
    }
    let (known, unknown): (Vec<_>, Vec<_>) = settings
        .into_iter()
        .partition(|setting: &Setting| is_knob(docs, &setting.path));
    problems.extend(unknown.iter().map(|setting| ConfigProblem {
        place: setting.place.clone(),
        message: unknown_key(docs, &setting.path),
    }));
    known
}

fn read_toml(file: &Path) -> Result<Value, ConfigProblem> {
    let fail = |message: String| ConfigProblem {
        place: file.display().to_string(),
        message,
    };
    let text = std::fs::read_to_string(file).map_err(|error| fail(error.to_string()))?;
    toml::from_str(&text).map_err(|error| fail(error.message().to_owned()))
}

fn flatten(file: &str, path: &str, tree: Value, docs: &Docs, settings: &mut Vec<Setting>) {
    match tree {
        Value::Object(table) if !is_knob(docs, path) => {
            for (key, value) in table {
                let below = if path.is_empty() {
                    key
                } else {
                    format!("{path}.{key}")
                };
                flatten(file, &below, value, docs, settings);
            }
        }
        value => settings.push(Setting {
            path: path.to_owned(),
            place: format!("{file}: {path}"),
            value,
        }),
    }
}

fn variable_settings(
    environment: &Environment,
    docs: &Docs,
    problems: &mut Vec<ConfigProblem>,
) -> Vec<Setting> {
    problems.extend(
        environment
            .names()
            .filter_map(|name| unknown_variable(docs, name)),
    );
    let named = docs
        .knobs()
        .flat_map(|path| variables(path).into_iter().map(move |name| (name, path)));
    named
        .filter_map(|(name, path)| variable(environment, name, path).transpose())
        .filter_map(|found| found.map_err(|problem| problems.push(problem)).ok())
        .collect()
}

fn variable(
    environment: &Environment,
    name: String,
    path: &str,
) -> Result<Option<Setting>, ConfigProblem> {
    let value = match environment.get(&name) {
        Some(value) => Some(value.to_owned()),
        None => from_file(environment, &name)?,
    };
    Ok(value.map(|value| Setting {
        path: path.to_owned(),
        place: name,
        value: value.into(),
    }))
}

/// `NAME_FILE` names a file that holds the value, as container platforms mount secrets.
fn from_file(environment: &Environment, name: &str) -> Result<Option<String>, ConfigProblem> {
    let name = format!("{name}_FILE");
    let Some(file) = environment.get(&name) else {
        return Ok(None);
    };
    let text = std::fs::read_to_string(file).map_err(|error| ConfigProblem {
        place: name,
        message: format!("{file}: {error}"),
    })?;
    Ok(Some(text.trim_end().to_owned()))
}

/// The variables that set `path`, the weakest first.
pub(super) fn variables(path: &str) -> Vec<String> {
    let aliases = ALIASES
        .iter()
        .filter(|(_, target)| *target == path)
        .map(|(name, _)| (*name).to_owned());
    let own = path.strip_prefix(OTEL).map_or_else(
        || path.replace('.', "__").to_uppercase(),
        |rest| format!("OTEL_{}", rest.to_uppercase()),
    );
    aliases.chain([own]).collect()
}

/// A variable of one of our sections that sets nothing is a typing error; all others belong to somebody else.
fn unknown_variable(docs: &Docs, name: &str) -> Option<ConfigProblem> {
    let (section, _) = name.split_once("__")?;
    let section = section.to_lowercase();
    let ours = docs.iter().any(|doc| doc.is_section && doc.path == section);
    let known = name.strip_suffix("_FILE").unwrap_or(name);
    let is_known = docs.knobs().any(|path| {
        variables(path)
            .iter()
            .any(|own| own == known || own == name)
    });
    (ours && !is_known).then(|| ConfigProblem {
        place: name.to_owned(),
        message: unknown_key(docs, &name.to_lowercase().replace("__", ".")),
    })
}

fn is_knob(docs: &Docs, path: &str) -> bool {
    docs.knobs().any(|knob| knob == path)
}

fn unknown_key(docs: &Docs, path: &str) -> String {
    let section = path.rsplit_once('.').map_or("", |(section, _)| section);
    let siblings: Vec<_> = docs
        .knobs()
        .filter(|knob| knob.rsplit_once('.').map_or("", |(above, _)| above) == section)
        .collect();
    if siblings.is_empty() {
        return "unknown key; there is no such section".to_owned();
    }
    format!("unknown key; known here: {}", siblings.join(", "))
}

#[cfg(test)]
mod tests;
