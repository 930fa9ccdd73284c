use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

/// The process's recorder, read back through its text.
#[derive(Clone)]
pub(crate) struct Metrics(PrometheusHandle);

impl Metrics {
    pub(crate) fn install() -> Self {
        let handle = PrometheusBuilder::new().install_recorder();
        Self(handle.expect("one service per process"))
    }

    /// Everything, as it is scraped.
    pub(crate) fn text(&self) -> String {
        self.0.render()
    }

    /// The sum of all series of a name that have these labels.
    pub(crate) fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let series = self.series(name).into_iter();
        series
            .filter(|(text, _)| labels.iter().all(|label| has(text, *label)))
            .map(|(_, value)| value)
            .sum()
    }

    /// Every series of a name, with its labels as they are rendered.
    pub(crate) fn series(&self, name: &str) -> Vec<(String, f64)> {
        let text = self.0.render();
        text.lines()
            .filter_map(|line| line.rsplit_once(' '))
            .filter(|(series, _)| series.split('{').next() == Some(name))
            .map(|(series, value)| (series.to_owned(), value.parse().unwrap()))
            .collect()
    }

    /// How many series there are in all.
    pub(crate) fn len(&self) -> usize {
        let text = self.0.render();
        text.lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .count()
    }
}

fn has(series: &str, (key, value): (&str, &str)) -> bool {
    series.contains(&format!("{key}=\"{value}\""))
}
