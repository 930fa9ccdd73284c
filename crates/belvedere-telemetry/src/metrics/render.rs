//! A scrape's text: the text exposition format 0.0.4 of Prometheus, and OpenMetrics 1.0.

use std::{
    collections::BTreeMap,
    fmt::{Arguments, Write},
};

use super::{
    accept::Format,
    cells::Cell,
    family::{Family, Series},
    histogram::{Exemplar, Histogram},
    labels::escape_into,
    registry::{Kind, Registry},
};

/// Said of a metric that was never described.
const NO_HELP: &str = "Not described.";

pub(super) fn render(registry: &Registry, format: Format) -> String {
    registry.settle();
    let families = registry.families();
    let mut text = Text {
        out: String::new(),
        format,
    };
    for (name, family) in families.iter() {
        if let Some(kind) = family.kind {
            text.family(name, kind, family, &families);
        }
    }
    text.out + &nothing(format)
}

/// What a scrape without any metric says.
pub(super) fn nothing(format: Format) -> String {
    match format {
        Format::Text => String::new(),
        Format::OpenMetrics => "# EOF\n".to_owned(),
    }
}

struct Text {
    out: String,
    format: Format,
}

impl Text {
    fn family(
        &mut self,
        name: &str,
        kind: Kind,
        family: &Family,
        families: &BTreeMap<Box<str>, Family>,
    ) {
        let (title, kind_name) = match kind {
            Kind::Counter { .. } => self.counter_title(name, families),
            Kind::Gauge => (name, "gauge"),
            Kind::Histogram => (name, "histogram"),
        };
        self.head(title, kind_name, family);
        for series in family.series() {
            self.series(name, kind, series);
        }
    }

    /// In OpenMetrics a counter's family is named without `_total`. What is not named so is no counter there, nor is one
    /// whose name would then be another's.
    fn counter_title<'n>(
        &self,
        name: &'n str,
        families: &BTreeMap<Box<str>, Family>,
    ) -> (&'n str, &'static str) {
        if self.format == Format::Text {
            return (name, "counter");
        }
        let title = name.strip_suffix("_total");
        let is_free = |title: &&str| {
            families
                .get(*title)
                .is_none_or(|other| other.kind.is_none())
        };
        title
            .filter(is_free)
            .map_or((name, "unknown"), |title| (title, "counter"))
    }

    fn head(&mut self, title: &str, kind: &str, family: &Family) {
        let help = family.help().unwrap_or(NO_HELP);
        self.write(format_args!("# HELP {title} "));
        self.help(help);
        self.write(format_args!("\n# TYPE {title} {kind}\n"));
    }

    /// Quotes are escaped in OpenMetrics only.
    fn help(&mut self, help: &str) {
        if self.format == Format::OpenMetrics {
            return escape_into(&mut self.out, help);
        }
        for (at, part) in help.split('"').enumerate() {
            self.out.push_str(if at == 0 { "" } else { "\"" });
            escape_into(&mut self.out, part);
        }
    }

    fn series(&mut self, name: &str, kind: Kind, series: &Series) {
        let labels = &*series.labels.text;
        match &series.cell {
            Cell::Counter(counter) => {
                self.name(name, "", labels, None);
                self.scaled(counter.get(), kind);
            }
            Cell::Gauge(gauge) => {
                self.name(name, "", labels, None);
                self.number(gauge.get());
            }
            Cell::Histogram(histogram) => return self.histogram(name, labels, histogram),
        }
        self.out.push('\n');
    }

    fn histogram(&mut self, name: &str, labels: &str, histogram: &Histogram) {
        let mut below = 0;
        for (bucket, count) in histogram.counts().enumerate() {
            below += count;
            let bound = histogram.bounds().get(bucket).copied();
            self.name(
                name,
                "_bucket",
                labels,
                Some(bound.unwrap_or(f64::INFINITY)),
            );
            self.write(format_args!("{below}"));
            if self.format == Format::OpenMetrics
                && let Some(exemplar) = histogram.exemplar(bucket)
            {
                self.exemplar(&exemplar);
            }
            self.out.push('\n');
        }
        self.name(name, "_sum", labels, None);
        self.number(histogram.sum());
        self.out.push('\n');
        self.name(name, "_count", labels, None);
        self.write(format_args!("{below}\n"));
    }

    fn exemplar(&mut self, exemplar: &Exemplar) {
        let Exemplar {
            trace_id,
            value,
            at,
        } = exemplar;
        self.write(format_args!(" # {{trace_id=\"{trace_id}\"}} {value} "));
        self.write(format_args!("{:.3}", at.as_secs_f64()));
    }

    /// `name_suffix{labels,le="0.5"} `
    fn name(&mut self, name: &str, suffix: &str, labels: &str, bound: Option<f64>) {
        self.out.push_str(name);
        self.out.push_str(suffix);
        if bound.is_some() || !labels.is_empty() {
            self.out.push('{');
            self.out.push_str(labels);
            if let Some(bound) = bound {
                self.out
                    .push_str(if labels.is_empty() { "le=\"" } else { ",le=\"" });
                self.number(bound);
                self.out.push('"');
            }
            self.out.push('}');
        }
        self.out.push(' ');
    }

    /// Divided on paper: no cent is lost in a float.
    fn scaled(&mut self, value: u64, kind: Kind) {
        let Kind::Counter { decimals: 1.. } = kind else {
            return self.write(format_args!("{value}"));
        };
        let one = kind.one();
        let width = kind.decimals();
        self.write(format_args!("{}.{:0width$}", value / one, value % one));
    }

    fn number(&mut self, value: f64) {
        if value.is_infinite() {
            let text = if value > 0.0 { "+Inf" } else { "-Inf" };
            return self.out.push_str(text);
        }
        self.write(format_args!("{value}"));
    }

    fn write(&mut self, arguments: Arguments<'_>) {
        // Writing to a `String` cannot fail.
        let _ = self.out.write_fmt(arguments);
    }
}
