//! Every question of every dashboard, asked of a Prometheus that scrapes a service at work.

use std::time::{Duration, SystemTime};

use anyhow::{Result, bail};
use serde_json::Value;

use super::file::{Dashboard, Panel, Query, read_all};
use super::scene::{SERVICE, Scene};
use super::{FOLDER, drive};
use crate::checkout::Checkout;
use crate::interrupt;
use crate::ops::names::Known;
use crate::run::step;
use crate::template_test::build;
use crate::template_test::preset::Preset;

/// Of ordinary traffic.
const SECONDS: u64 = 12;
/// Of rates: several scrapes, and little beside what has just happened.
const WINDOW: &str = "10s";
/// What a graph covers: more than the whole run.
const RANGE: &str = "10m";

/// What no service here tells, and why. One that is told all the same has to go from here: a run fails by it.
const NEEDS: [(&str, &str); 1] = [(
    "rate_limit_evictions_total",
    "some hundred thousand callers within seconds",
)];
/// Panels that tell of something only while it is there: nought is an answer, and all is well.
const MAY_BE_NOUGHT: [&str; 4] = [
    "Tasks that wait",
    "Disk of the process",
    "Disk throughput",
    "Busy disks",
];

/// With a service of its own, for who works at a dashboard.
pub(super) fn run(checkout: &Checkout) -> Result<()> {
    step("dashboards: every question, asked of a service at work");
    let preset = Preset::generate(checkout, "postgres")?;
    build::build(&preset)?;
    check(checkout, &preset)
}

/// What no panel answers, and what has not happened though it should.
pub(crate) fn check(checkout: &Checkout, preset: &Preset) -> Result<()> {
    let began = now();
    let mut scene = Scene::start(checkout, preset, drive::gateway()?)?;
    drive::all(&mut scene, preset, SECONDS)?;
    judge(checkout, &scene, began)
}

/// What has been seen since `began`.
pub(super) fn judge(checkout: &Checkout, scene: &Scene, began: u64) -> Result<()> {
    // The last scrapes.
    interrupt::pause(Duration::from_secs(2))?;
    let span = [began, now()];
    let dashboards = read_all(&checkout.template().join(FOLDER))?;
    let mut found = Vec::new();
    for dashboard in &dashboards {
        found.extend(dashboard_faults(scene, dashboard, span));
    }
    found.extend(silent_metrics(checkout, scene)?);
    found.extend(exemplar_fault(scene, span)?);
    match found.is_empty() {
        true => Ok(()),
        false => bail!("{}", found.join("\n       ")),
    }
}

pub(super) fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

pub(super) fn needs(text: &str) -> Option<&'static str> {
    let names = crate::ops::promql::Query::parse(text).selectors;
    let of = |name: &str| NEEDS.iter().find(|(metric, _)| name.starts_with(metric));
    names
        .iter()
        .find_map(|it| of(&it.name))
        .map(|(_, need)| *need)
}

fn dashboard_faults(scene: &Scene, dashboard: &Dashboard, span: [u64; 2]) -> Vec<String> {
    let questions = dashboard.questions();
    let faults = questions.filter_map(|(panel, query)| {
        let fault = match answers(scene, query, span, 1) {
            Err(error) => Some(format!("{error:#}")),
            Ok(series) => fault(panel, query, &series),
        };
        fault.map(|fault| dashboard.fault(panel, &fault))
    });
    faults.collect()
}

/// The series of a question, second by second.
pub(super) fn answers(
    scene: &Scene,
    query: &Query,
    [from, to]: [u64; 2],
    step: u64,
) -> Result<Vec<Value>> {
    let (text, from, to) = (
        query.filled(WINDOW, RANGE),
        from.to_string(),
        to.to_string(),
    );
    let step = step.to_string();
    let parameters = [
        ("query", text.as_str()),
        ("start", &from),
        ("end", &to),
        ("step", &step),
    ];
    let answer = scene.prometheus.ask("query_range", &parameters)?;
    Ok(answer["result"].as_array().cloned().unwrap_or_default())
}

/// Time and value of each sample that is a number.
pub(super) fn samples(series: &Value) -> impl Iterator<Item = (f64, f64)> {
    let samples = series["values"].as_array().into_iter().flatten();
    let samples =
        samples.filter_map(|sample| Some((sample[0].as_f64()?, sample[1].as_str()?.parse().ok()?)));
    samples.filter(|(_, value): &(f64, f64)| value.is_finite())
}

fn fault(panel: &Panel, query: &Query, series: &[Value]) -> Option<String> {
    let is_empty = series.iter().flat_map(samples).next().is_none();
    let is_nought = series
        .iter()
        .flat_map(samples)
        .all(|(_, value)| value == 0.0);
    let may_be_nought = MAY_BE_NOUGHT.contains(&panel.title.as_str());
    if needs(&query.text).is_some() {
        return None;
    }
    match (is_empty, is_nought && !may_be_nought) {
        (true, _) => Some(format!("no data: {}", query.text)),
        (false, true) => Some(format!("nothing but nought: {}", query.text)),
        (false, false) => None,
    }
}

/// Metrics that no replica has told, or that have counted nothing, but for those that need something else.
fn silent_metrics(checkout: &Checkout, scene: &Scene) -> Result<Vec<String>> {
    let known = Known::read(checkout)?;
    let mut found = Vec::new();
    for metric in known.metrics() {
        let counted = if known.is_histogram(metric) {
            format!("{metric}_count")
        } else {
            metric.to_owned()
        };
        let text = format!("max(max_over_time({counted}{{service=\"{SERVICE}\"}}[{RANGE}]))");
        let answer = scene.prometheus.ask("query", &[("query", &text)])?;
        let value = answer["result"][0]["value"][1].as_str();
        let is_there =
            value.is_some_and(|value| value != "0") || may_stay_nought(metric) && value.is_some();
        match (is_there, needs(metric)) {
            (false, None) => found.push(format!("{metric} has told nothing: {value:?}")),
            (true, Some(need)) => found.push(format!(
                "{metric} is told, and xtask/src/dashboards/live.rs says that it needs {need}: take it off that list"
            )),
            _ => {}
        }
    }
    Ok(found)
}

fn may_stay_nought(metric: &str) -> bool {
    ["tokio_global_queue_depth", "process_io_bytes_total"].contains(&metric)
}

/// A duration leads to a trace that has really been sent.
fn exemplar_fault(scene: &Scene, [from, to]: [u64; 2]) -> Result<Option<String>> {
    let text = format!("http_request_duration_seconds_bucket{{service=\"{SERVICE}\"}}");
    let (from, to) = (from.to_string(), to.to_string());
    let parameters = [("query", text.as_str()), ("start", &from), ("end", &to)];
    let answer = scene.prometheus.ask("query_exemplars", &parameters)?;
    let series = answer.as_array().into_iter().flatten();
    let exemplars = series
        .filter_map(|series| series["exemplars"].as_array())
        .flatten();
    let mut ids = exemplars.filter_map(|exemplar| exemplar["labels"]["trace_id"].as_str());
    let leads = ids.any(|id| !scene.sink.trace(id).is_empty());
    Ok((!leads).then(|| "no exemplar leads to a trace that was sent".to_owned()))
}
