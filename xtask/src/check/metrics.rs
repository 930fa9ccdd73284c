//! The Prometheus text format, as far as a check reads it.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};

/// One line: a name, its labels, a value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) value: f64,
}

/// Everything a scrape returned.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scrape {
    samples: Vec<Sample>,
    kinds: BTreeMap<String, String>,
}

impl Scrape {
    /// Reads a scrape; a line that is neither comment nor sample is an error.
    pub(crate) fn read(text: &str) -> Result<Self> {
        let lines = text
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'));
        let samples =
            lines.map(|line| read_sample(line).with_context(|| format!("metrics line `{line}`")));
        let kinds = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
        let kinds = kinds.filter_map(|line| line.split_once(' '));
        Ok(Self {
            samples: samples.collect::<Result<_>>()?,
            kinds: kinds
                .map(|(name, kind)| (name.to_owned(), kind.to_owned()))
                .collect(),
        })
    }

    /// The value of the series with exactly these labels.
    pub(crate) fn value(&self, name: &str, labels: &[(&str, &str)]) -> Result<f64> {
        let wanted: BTreeMap<_, _> = labels
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        let mut found = self.named(name).filter(|sample| sample.labels == wanted);
        let sample = found.next().with_context(|| self.absent(name, &wanted))?;
        Ok(sample.value)
    }

    /// Fails unless the series has this very value.
    pub(crate) fn expect(&self, name: &str, labels: &[(&str, &str)], value: f64) -> Result<()> {
        let found = self.value(name, labels)?;
        ensure!(found == value, "{name}{labels:?} is {found}, not {value}");
        Ok(())
    }

    /// Every series of a metric.
    pub(crate) fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Sample> {
        self.samples
            .iter()
            .filter(move |sample| sample.name == name)
    }

    /// Every sample.
    pub(crate) fn samples(&self) -> impl Iterator<Item = &Sample> {
        self.samples.iter()
    }

    /// Every metric that has a type, with it.
    pub(crate) const fn kinds(&self) -> &BTreeMap<String, String> {
        &self.kinds
    }

    fn absent(&self, name: &str, wanted: &BTreeMap<String, String>) -> String {
        let present: Vec<_> = self
            .named(name)
            .map(|sample| format!("{:?}", sample.labels))
            .collect();
        format!(
            "no {name}{wanted:?} in /metrics; there is: {}",
            present.join(" ")
        )
    }
}

fn read_sample(line: &str) -> Result<Sample> {
    let (series, value) = line.rsplit_once(' ').context("has no value")?;
    let (name, labels) = match series.split_once('{') {
        Some((name, labels)) => (
            name,
            read_labels(labels.strip_suffix('}').context("has no }")?)?,
        ),
        None => (series, BTreeMap::new()),
    };
    Ok(Sample {
        name: name.to_owned(),
        labels,
        value: value.parse().context("has no number")?,
    })
}

fn read_labels(mut text: &str) -> Result<BTreeMap<String, String>> {
    let mut labels = BTreeMap::new();
    while !text.is_empty() {
        let (key, rest) = text
            .split_once("=\"")
            .context("has a label without a value")?;
        let end = closing_quote(rest).context("has an open label value")?;
        labels.insert(key.trim().to_owned(), unescape(&rest[..end]));
        text = rest[end + 1..].trim_start_matches(',');
    }
    Ok(labels)
}

fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(at, c)| {
        let closing = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        closing.then_some(at)
    })
}

fn unescape(text: &str) -> String {
    text.replace("\\\"", "\"")
        .replace("\\n", "\n")
        .replace("\\\\", "\\")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# HELP a b\n# TYPE a counter\na{method=\"GET\",path=\"/v1/orders/{id}\"} 3\nb 1.5e-3\nc{x=\"say \\\"hi\\\", you\"} +Inf\n";

    #[test]
    fn a_series_is_found_by_its_exact_labels() {
        let scrape = Scrape::read(TEXT).unwrap();
        let labels = [("path", "/v1/orders/{id}"), ("method", "GET")];
        scrape.expect("a", &labels, 3.0).unwrap();
        assert_eq!(scrape.value("b", &[]).unwrap(), 0.0015);
        assert_eq!(
            scrape.value("c", &[("x", "say \"hi\", you")]).unwrap(),
            f64::INFINITY
        );
    }

    #[test]
    fn what_differs_is_told() {
        let scrape = Scrape::read(TEXT).unwrap();
        let error = scrape
            .value("a", &[("method", "GET")])
            .unwrap_err()
            .to_string();
        assert!(error.contains("/v1/orders/{id}"), "{error}");
        assert!(scrape.expect("b", &[], 2.0).is_err());
        assert!(Scrape::read("what is this").is_err());
        assert!(Scrape::read("a{b=\"c} 1").is_err());
    }
}
