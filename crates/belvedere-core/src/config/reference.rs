use std::fmt::Write;

use serde::Serialize;
use serde_json::Value;

use super::{Docs, Knob, load::variables};

/// `config/default.toml`: every knob with its documentation, its variable and its default.
pub fn reference<C: Knob + Default + Serialize>() -> String {
    let defaults = serde_json::to_value(C::default()).unwrap_or_default();
    let mut out = String::new();
    for doc in Docs::of::<C>().iter() {
        if doc.is_section {
            section(&mut out, &doc.path, doc.text);
        } else {
            knob(&mut out, &doc.path, doc.text, find(&defaults, &doc.path));
        }
    }
    out
}

fn section(out: &mut String, path: &str, text: &[&str]) {
    let gap = if out.is_empty() { "" } else { "\n" };
    out.push_str(gap);
    comment(out, text);
    // Writing to a `String` cannot fail, here and below.
    let _ = writeln!(out, "[{path}]");
}

fn knob(out: &mut String, path: &str, text: &[&str], default: &Value) {
    let name = path.rsplit('.').next().unwrap_or(path);
    comment(out, text);
    let _ = writeln!(out, "# {}", variables(path).join(", "));
    let _ = match toml::Value::try_from(default) {
        Ok(value) if !default.is_null() => writeln!(out, "{name} = {value}"),
        _ => writeln!(out, "# {name} ="),
    };
}

fn comment(out: &mut String, text: &[&str]) {
    for line in text {
        let _ = writeln!(out, "#{line}");
    }
}

fn find<'t>(tree: &'t Value, path: &str) -> &'t Value {
    path.split('.').fold(tree, |place, key| &place[key])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings;

    settings! {
        /// Everything.
        struct All {
            /// Ignored: the section's own text is told.
            http: Http = Http::default(),
        }
    }
    settings! {
        /// The public listener.
        struct Http {
            /// Where it listens.
            addr: String = "127.0.0.1:8000".to_owned(),
            /// Nothing by default.
            name: Option<String> = None,
        }
    }

    #[test]
    fn every_knob_stands_with_its_text_its_variable_and_its_default() {
        let wanted = "# The public listener.\n[http]\n# Where it listens.\n# HTTP__ADDR\naddr = \"127.0.0.1:8000\"\n\
                      # Nothing by default.\n# HTTP__NAME\n# name =\n";
        assert_eq!(reference::<All>(), wanted);
    }
}
