//! A page of panels with lines in them: as much of SVG as that takes.

use std::fmt::Write as _;

use super::file::{Dashboard, Panel};

/// Of a column of Grafana's grid, and of a row.
const COLUMN: f64 = 44.0;
const ROW: f64 = 26.0;
const HEAD: f64 = 34.0;
/// Names below a graph; more would cover it.
const NAMES: usize = 6;
const COLORS: [&str; 8] = [
    "#3274d9", "#56a64b", "#e0b400", "#e02f44", "#8f3bb8", "#ff780a", "#37872d", "#1f60c4",
];

/// One series.
pub(super) struct Line {
    pub(super) name: String,
    pub(super) points: Vec<(f64, f64)>,
}

/// The inside of a panel.
struct Frame {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
}

pub(super) fn page(dashboard: &Dashboard, body: &str) -> String {
    let bottom = dashboard
        .panels
        .iter()
        .filter(|panel| panel.asks_prometheus());
    let bottom = bottom
        .map(|panel| panel.place[1] + panel.place[3])
        .max()
        .unwrap_or_default();
    let (width, height) = (COLUMN * 24.0, ROW * of(bottom) + HEAD);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" font-size=\"10\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#f4f5f5\"/>\n\
         <text x=\"8\" y=\"22\" font-size=\"16\" font-weight=\"bold\">{}</text>\n{body}</svg>\n",
        escaped(&dashboard.title)
    )
}

pub(super) fn panel(
    body: &mut String,
    panel: &Panel,
    lines: &[Line],
    need: Option<&str>,
    span: [u64; 2],
) {
    let [x, y, w, h] = panel.place.map(of);
    let (x, y, w, h) = (
        x * COLUMN + 3.0,
        y * ROW + HEAD,
        w * COLUMN - 6.0,
        h * ROW - 6.0,
    );
    let _ = writeln!(
        body,
        "<rect x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" fill=\"#fff\" stroke=\"#ddd\"/>"
    );
    text(body, x + 6.0, y + 14.0, &panel.title, "#222");
    let frame = Frame {
        x: x + 6.0,
        y: y + 22.0,
        width: w - 12.0,
        height: h - 44.0,
    };
    let drawable: Vec<_> = lines
        .iter()
        .filter(|line| !line.points.is_empty())
        .collect();
    match (drawable.is_empty(), panel.kind.as_str()) {
        (true, _) => text(
            body,
            frame.x,
            y + h / 2.0,
            &need.map_or_else(|| "no data".to_owned(), |need| format!("needs {need}")),
            "#999",
        ),
        (_, "timeseries") => graph(body, panel, &drawable, &frame, span),
        (_, kind) => numbers(body, panel, &drawable, &frame, kind == "table"),
    }
}

fn graph(body: &mut String, panel: &Panel, lines: &[&Line], frame: &Frame, [from, to]: [u64; 2]) {
    let values = || {
        lines
            .iter()
            .flat_map(|line| line.points.iter().map(|(_, value)| *value))
    };
    let most = values().fold(f64::MIN_POSITIVE, f64::max);
    let least = values().fold(0.0, f64::min);
    let place = |(time, value): &(f64, f64)| {
        let across = (time - of(from)) / of(to - from).max(1.0);
        let up = (value - least) / (most - least);
        (
            frame.x + across * frame.width,
            frame.y + (1.0 - up) * frame.height,
        )
    };
    text(
        body,
        frame.x + 2.0,
        frame.y + 8.0,
        &amount(most, &panel.unit),
        "#999",
    );
    let _ = writeln!(
        body,
        "<path d=\"M{} {}h{}\" stroke=\"#ccc\"/>",
        frame.x,
        frame.y + frame.height,
        frame.width
    );
    let mut name_at = frame.x;
    for (number, line) in lines.iter().enumerate() {
        let color = COLORS[number % COLORS.len()];
        let points = line
            .points
            .iter()
            .map(place)
            .map(|(x, y)| format!("{x:.0},{y:.0}"));
        let points = points.collect::<Vec<_>>().join(" ");
        let _ = writeln!(
            body,
            "<polyline points=\"{points}\" fill=\"none\" stroke=\"{color}\"/>"
        );
        let name: String = line.name.chars().take(28).collect();
        let width = 5.6 * of(u64::try_from(name.len()).unwrap_or_default()) + 10.0;
        if number < NAMES && name_at + width < frame.x + frame.width {
            text(body, name_at, frame.y + frame.height + 14.0, &name, color);
            name_at += width;
        }
    }
}

/// The last value of each.
fn numbers(body: &mut String, panel: &Panel, lines: &[&Line], frame: &Frame, is_table: bool) {
    let step = if is_table { 16.0 } else { 20.0 };
    let mut y = frame.y + 14.0;
    for line in lines.iter().take(8) {
        let last = line.points.last().map_or(0.0, |(_, value)| *value);
        let shown = format!("{} {}", amount(last, &panel.unit), line.name);
        text(body, frame.x, y, &shown, COLORS[1]);
        y += step;
    }
}

/// As a person would say it.
fn amount(value: f64, unit: &str) -> String {
    match unit {
        "percentunit" => format!("{:.1} %", value * 100.0),
        "s" if value.abs() < 1.0 => format!("{:.1} ms", value * 1000.0),
        "s" => format!("{value:.1} s"),
        "bytes" | "Bps" if value.abs() >= 1e6 => format!("{:.1} MB", value / 1e6),
        "bytes" | "Bps" => format!("{:.1} kB", value / 1e3),
        _ if value.fract() == 0.0 => format!("{value}"),
        _ => format!("{value:.2}"),
    }
}

fn text(body: &mut String, x: f64, y: f64, text: &str, color: &str) {
    let _ = writeln!(
        body,
        "<text x=\"{x:.0}\" y=\"{y:.0}\" fill=\"{color}\">{}</text>",
        escaped(text)
    );
}

pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// Coordinates and seconds are small enough to be exact.
#[expect(
    clippy::cast_precision_loss,
    reason = "coordinates and seconds are far below 2^52"
)]
fn of(number: u64) -> f64 {
    number as f64
}
