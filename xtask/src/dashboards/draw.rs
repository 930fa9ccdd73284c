//! Pictures of the dashboards, for docs: drawn here out of the same answers, since Grafana itself cannot be installed everywhere.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde_json::Value;

use super::file::{Dashboard, Panel, read_all};
use super::live::{answers, judge, needs, now, samples};
use super::scene::Scene;
use super::{FOLDER, drive, svg};
use crate::checkout::Checkout;
use crate::run::step;
use crate::template_test::build;
use crate::template_test::preset::Preset;

/// Of ordinary traffic: enough for a line to be one.
const SECONDS: u64 = 90;
/// Points of a line, in seconds.
const STEP: u64 = 2;

const MEND: &str = "run `cargo run --bin xtask -- dashboards --draw`";

/// Generates a service, lets everything happen to it, and draws what Prometheus has seen.
pub(super) fn run(checkout: &Checkout) -> Result<()> {
    step("dashboards: pictures of a service at work");
    let preset = Preset::generate(checkout, "postgres")?;
    build::build(&preset)?;
    let started = now();
    let mut scene = Scene::start(checkout, &preset, drive::gateway()?)?;
    let began = now();
    drive::all(&mut scene, &preset, SECONDS)?;
    judge(checkout, &scene, started)?;
    let span = [began, now()];
    for dashboard in read_all(&checkout.template().join(FOLDER))? {
        let path = picture(checkout, &dashboard);
        fs::create_dir_all(path.parent().context("a picture has a folder")?)?;
        fs::write(path, drawn(&scene, &dashboard, span)?)?;
    }
    Ok(())
}

/// Pictures that show other panels than there are.
pub(super) fn stale(checkout: &Checkout) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for dashboard in read_all(&checkout.template().join(FOLDER))? {
        let path = picture(checkout, &dashboard);
        let name = path
            .strip_prefix(checkout.root())
            .unwrap_or(&path)
            .display();
        let Ok(text) = fs::read_to_string(&path) else {
            found.push(format!("there is no {name}; {MEND}"));
            continue;
        };
        let shown =
            |panel: &&Panel| text.contains(&format!(">{}</text>", svg::escaped(&panel.title)));
        let missing = dashboard
            .panels
            .iter()
            .filter(|panel| panel.asks_prometheus() && !shown(panel));
        found.extend(missing.map(|panel| format!("{name} has no `{}`; {MEND}", panel.title)));
    }
    Ok(found)
}

fn picture(checkout: &Checkout, dashboard: &Dashboard) -> PathBuf {
    let name = dashboard.file.replace(".json", ".svg");
    checkout.root().join("docs/dashboards").join(name)
}

fn drawn(scene: &Scene, dashboard: &Dashboard, span: [u64; 2]) -> Result<String> {
    let mut body = String::new();
    for panel in dashboard
        .panels
        .iter()
        .filter(|panel| panel.asks_prometheus())
    {
        let mut lines = Vec::new();
        let mut need = None;
        for query in &panel.queries {
            need = need.or(needs(&query.text));
            let series = answers(scene, query, span, STEP)?;
            lines.extend(series.iter().map(|series| svg::Line {
                name: named(&query.legend, series),
                points: samples(series).collect(),
            }));
        }
        svg::panel(&mut body, panel, &lines, need, span);
    }
    let mut picture = String::new();
    let _ = write!(picture, "{}", svg::page(dashboard, &body));
    Ok(picture)
}

/// The legend with the labels of a series in it.
fn named(legend: &str, series: &Value) -> String {
    let labels = series["metric"].as_object().into_iter().flatten();
    labels.fold(legend.to_owned(), |text, (label, value)| {
        text.replace(
            &format!("{{{{{label}}}}}"),
            value.as_str().unwrap_or_default(),
        )
    })
}
