//! A dashboard as it is shipped: read back from its file, whoever wrote it.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

/// One file.
#[derive(Debug)]
pub(super) struct Dashboard {
    pub(super) file: String,
    pub(super) uid: String,
    pub(super) title: String,
    pub(super) panels: Vec<Panel>,
}

/// What is drawn; rows are left out.
#[derive(Debug)]
pub(super) struct Panel {
    pub(super) id: u64,
    pub(super) title: String,
    pub(super) about: String,
    pub(super) unit: String,
    pub(super) kind: String,
    /// Kind and uid of where its data is from.
    pub(super) source: (String, String),
    /// Column, row, width, height.
    pub(super) place: [u64; 4],
    pub(super) queries: Vec<Query>,
}

#[derive(Debug)]
pub(super) struct Query {
    pub(super) text: String,
    pub(super) legend: String,
}

pub(super) fn read_all(folder: &Path) -> Result<Vec<Dashboard>> {
    let files = crate::sync::files(folder)?;
    files.iter().map(|path| read(path)).collect()
}

fn read(path: &Path) -> Result<Dashboard> {
    let file = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let text = fs::read_to_string(path)?;
    let json: Value = serde_json::from_str(&text).with_context(|| format!("{file} is not JSON"))?;
    let panels = json["panels"].as_array().into_iter().flatten();
    Ok(Dashboard {
        file,
        uid: text_of(&json["uid"]),
        title: text_of(&json["title"]),
        panels: panels
            .filter(|panel| panel["type"] != "row")
            .map(Panel::read)
            .collect(),
    })
}

fn text_of(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

impl Panel {
    fn read(json: &Value) -> Self {
        let place =
            ["x", "y", "w", "h"].map(|key| json["gridPos"][key].as_u64().unwrap_or_default());
        let queries = json["targets"].as_array().into_iter().flatten();
        let queries = queries.map(|target| Query {
            text: text_of(&target["expr"]),
            legend: text_of(&target["legendFormat"]),
        });
        Self {
            id: json["id"].as_u64().unwrap_or_default(),
            title: text_of(&json["title"]),
            about: text_of(&json["description"]),
            unit: text_of(&json["fieldConfig"]["defaults"]["unit"]),
            kind: text_of(&json["type"]),
            source: (
                text_of(&json["datasource"]["type"]),
                text_of(&json["datasource"]["uid"]),
            ),
            place,
            queries: queries.collect(),
        }
    }

    pub(super) fn asks_prometheus(&self) -> bool {
        self.source.0 == "prometheus"
    }
}

impl Dashboard {
    /// A fault, as people find it.
    pub(super) fn fault(&self, panel: &Panel, fault: &str) -> String {
        format!("{}: {}: {fault}", self.file, panel.title)
    }

    /// Each question to Prometheus.
    pub(super) fn questions(&self) -> impl Iterator<Item = (&Panel, &Query)> {
        let panels = self.panels.iter().filter(|panel| panel.asks_prometheus());
        panels.flat_map(|panel| panel.queries.iter().map(move |query| (panel, query)))
    }
}

impl Query {
    /// With every variable filled in, as Grafana does it.
    pub(super) fn filled(&self, window: &str, range: &str) -> String {
        let filled = [
            ("$__rate_interval", window),
            ("$__range", range),
            ("$service", super::scene::SERVICE),
            ("$instance", ".*"),
            ("$route", ".*"),
            ("$node", ".*"),
        ];
        filled
            .iter()
            .fold(self.text.clone(), |text, (name, value)| {
                text.replace(name, value)
            })
    }
}
