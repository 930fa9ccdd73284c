use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use axum::{
    Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::get,
};
use http::{
    HeaderMap, StatusCode,
    header::{ACCEPT, CONTENT_TYPE},
};

use super::RenderMetrics;
use crate::{Problem, extract};

/// A folder of runbooks has some thirty of them, of a few KiB each.
const FILES: usize = 200;
const FILE_BYTES: u64 = 64 * 1024;
/// Beside a text, a few lines help, and a thousand do not.
const SERIES_PER_METRIC: usize = 8;
const SERIES: usize = 60;

/// What to do about each alert, as it stood in a folder at the start.
#[derive(Debug, Clone, Default)]
pub struct Runbooks(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    texts: BTreeMap<String, String>,
    /// Files that are there and are not served, with the reason.
    left_out: Vec<String>,
}

impl Runbooks {
    /// Every `*.md` in `folder`, up to 64 KiB each. There is none where there is no such folder.
    pub fn read(folder: &Path) -> Self {
        let mut inner = Inner::default();
        let mut paths: Vec<_> = fs::read_dir(folder)
            .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
            .unwrap_or_default();
        paths.retain(|path: &PathBuf| path.extension().is_some_and(|extension| extension == "md"));
        paths.sort();
        for path in paths {
            inner.take(&path);
        }
        Self(Arc::new(inner))
    }
}

impl Inner {
    fn take(&mut self, path: &Path) {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        match self.text_of(path) {
            Ok(text) => drop(self.texts.insert(name.into_owned(), text)),
            Err(reason) => self.left_out.push(format!("{name}: {reason}")),
        }
    }

    fn text_of(&self, path: &Path) -> Result<String, &'static str> {
        let file = fs::metadata(path).map_err(|_| "it cannot be read")?;
        if file.len() > FILE_BYTES {
            return Err("it is larger than 64 KiB");
        }
        if self.texts.len() == FILES {
            return Err("there are more than 200");
        }
        fs::read_to_string(path).map_err(|_| "it cannot be read")
    }
}

#[derive(Clone)]
struct Shelf {
    runbooks: Runbooks,
    metrics: RenderMetrics,
}

/// `/runbooks`, and each by its alert's name.
pub(super) fn routes(runbooks: Runbooks, metrics: RenderMetrics) -> Router {
    Router::new()
        .route("/runbooks", get(list))
        .route("/runbooks/{alert}", get(show))
        .with_state(Shelf { runbooks, metrics })
}

async fn list(State(shelf): State<Shelf>, headers: HeaderMap) -> Response {
    let Inner { texts, left_out } = &*shelf.runbooks.0;
    let mut text = String::from("# Runbooks\n\n");
    for name in texts.keys() {
        let _ = writeln!(text, "- [{name}](runbooks/{name})");
    }
    for reason in left_out {
        let _ = writeln!(text, "- not served: {reason}");
    }
    if texts.is_empty() {
        text.push_str("There is none: `ADMIN__RUNBOOKS` names their folder.\n");
    }
    let linked = texts
        .keys()
        .map(|name| format!("<li><a href=\"/runbooks/{0}\">{0}</a>", escaped(name)));
    let told = left_out
        .iter()
        .map(|reason| format!("<li>not served: {}", escaped(reason)));
    let linked: String = linked.chain(told).collect();
    answer(&headers, text, || {
        page("Runbooks", &format!("<ul>{linked}</ul>"))
    })
}

/// As `Alert`, and as `Alert.md`: the file's name.
async fn show(
    State(shelf): State<Shelf>,
    extract::Path(alert): extract::Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let name = alert.strip_suffix(".md").unwrap_or(&alert);
    let Some(text) = shelf.runbooks.0.texts.get(name) else {
        return Err(Problem::new(StatusCode::NOT_FOUND, "runbook_not_found")
            .detail("there is no runbook of this name; /runbooks lists those there are"));
    };
    let live = live(text, &(shelf.metrics)("text/plain").1);
    let markdown = || {
        format!(
            "{}\n\n## Now, in this replica\n\n```\n{live}```\n",
            text.trim_end()
        )
    };
    let html = || {
        let body = format!(
            "<h2>Now, in this replica</h2><pre>{}</pre><pre>{}</pre>",
            escaped(&live),
            escaped(text)
        );
        page(name, &body)
    };
    Ok(answer(&headers, markdown(), html))
}

/// The series of this process that a runbook speaks of.
fn live(runbook: &str, metrics: &str) -> String {
    let apart = |c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':');
    let words: BTreeSet<_> = runbook
        .split(apart)
        .filter(|word| !word.is_empty())
        .collect();
    let mut shown = String::new();
    let (mut total, mut of_metric, mut last) = (0, 0, "");
    for line in metrics.lines() {
        let name = line.split(['{', ' ']).next().unwrap_or_default();
        if total == SERIES
            || line.starts_with('#')
            || name.ends_with("_bucket")
            || !is_spoken_of(&words, name)
        {
            continue;
        }
        if name != last {
            (of_metric, last) = (0, name);
        }
        of_metric += 1;
        if of_metric <= SERIES_PER_METRIC {
            let _ = writeln!(shown, "{line}");
            total += 1;
        }
    }
    match shown.is_empty() {
        true => "nothing that it speaks of has been measured\n".to_owned(),
        false => shown,
    }
}

/// As a whole word: `up` is no part of `up_to_date`. A histogram is spoken of by its buckets.
fn is_spoken_of(words: &BTreeSet<&str>, name: &str) -> bool {
    let base = name
        .strip_suffix("_count")
        .or_else(|| name.strip_suffix("_sum"));
    words.contains(name) || base.is_some_and(|base| words.contains(&*format!("{base}_bucket")))
}

/// Markdown, unless a browser asks.
fn answer(headers: &HeaderMap, markdown: String, html: impl FnOnce() -> String) -> Response {
    let mut accepted = headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok());
    match accepted.any(|value| value.contains("text/html")) {
        true => ([(CONTENT_TYPE, "text/html; charset=utf-8")], html()).into_response(),
        false => ([(CONTENT_TYPE, "text/markdown; charset=utf-8")], markdown).into_response(),
    }
}

fn page(title: &str, body: &str) -> String {
    let title = escaped(title);
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{title}</title><h1>{title}</h1>{body}</html>"
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    const METRICS: &str = "# HELP up_total x\n# TYPE up_total counter\nup_total{a=\"1\"} 3\nother_total 1\n\
                           took_seconds_bucket{le=\"1\"} 1\ntook_seconds_sum 1.5\ntook_seconds_count 2\nup 1\n";

    #[test]
    fn what_a_runbook_speaks_of_is_shown_and_nothing_else() {
        let runbook = "ask \"rate(up_total{service='$SERVICE'}[5m]) and took_seconds_bucket\"";
        assert_eq!(
            live(runbook, METRICS),
            "up_total{a=\"1\"} 3\ntook_seconds_sum 1.5\ntook_seconds_count 2\n"
        );
        assert_eq!(
            live("nothing", METRICS),
            "nothing that it speaks of has been measured\n"
        );
    }

    #[test]
    fn a_metric_of_many_series_is_cut() {
        let many: String = (0..100)
            .map(|number| format!("a_total{{n=\"{number}\"}} 1\n"))
            .collect();
        assert_eq!(live("a_total", &many).lines().count(), SERIES_PER_METRIC);
        let metrics = (0..100)
            .flat_map(|name| (0..4).map(move |n| format!("m{name}_total{{n=\"{n}\"}} 1\n")));
        let names: String = (0..100).map(|name| format!("m{name}_total ")).collect();
        assert_eq!(
            live(&names, &metrics.collect::<String>()).lines().count(),
            SERIES
        );
    }

    #[test]
    fn a_large_file_is_left_out_with_the_reason() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("Small.md"), "# Small").unwrap();
        fs::write(folder.path().join("Large.md"), vec![b'x'; 64 * 1024 + 1]).unwrap();
        fs::write(folder.path().join("notes.txt"), "no runbook").unwrap();
        let read = Runbooks::read(folder.path());
        assert_eq!(read.0.texts.keys().collect::<Vec<_>>(), ["Small"]);
        assert_eq!(read.0.left_out, ["Large: it is larger than 64 KiB"]);
        assert!(
            Runbooks::read(&folder.path().join("none"))
                .0
                .texts
                .is_empty()
        );
    }

    #[test]
    fn a_page_shows_text_as_text() {
        assert_eq!(escaped("<b a=\"&\">"), "&lt;b a=&quot;&amp;&quot;&gt;");
    }
}
