use std::{
    collections::BTreeMap,
    fmt, panic,
    sync::{Arc, Mutex},
};

use belvedere_core::{RequestContext, names::event};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use serde_json::Value;
use tracing::{
    Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    filter::{LevelFilter, Targets},
    layer::{Context, Layer, SubscriberExt},
    registry,
};

/// One log event, with the request that it was told in.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) message: String,
    fields: BTreeMap<&'static str, String>,
    context: Value,
}

impl Event {
    pub(crate) fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }

    pub(crate) fn of_request(&self, name: &str) -> &str {
        self.context[name].as_str().unwrap_or_default()
    }
}

/// Everything that was logged.
#[derive(Debug, Clone, Default)]
pub(crate) struct Logs(Arc<Mutex<Vec<Event>>>);

impl Logs {
    /// Becomes the process's log. Panics are told as telemetry tells them.
    pub(crate) fn install() -> Self {
        let logs = Self::default();
        // What the libraries below tell of each frame would be most of it.
        let ours = Targets::new().with_default(LevelFilter::TRACE);
        let ours =
            ours.with_targets(["h2", "hyper", "tower"].map(|below| (below, LevelFilter::OFF)));
        let subscriber = registry().with(Capture(logs.clone()).with_filter(ours));
        tracing::subscriber::set_global_default(subscriber).unwrap();
        let print = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            tracing::error!(exc_type = "panic", "{}", event::UNHANDLED_EXCEPTION);
            // Those of calls are on purpose.
            if RequestContext::current().is_none() {
                print(info);
            }
        }));
        logs
    }

    pub(crate) fn named(&self, name: &str) -> Vec<Event> {
        let events = self.0.lock().unwrap();
        let named = events.iter().filter(|event| event.message == name);
        named.cloned().collect()
    }

    pub(crate) fn completed(&self) -> Vec<Event> {
        self.named(event::REQUEST_COMPLETED)
    }

    pub(crate) fn exceptions(&self) -> Vec<Event> {
        self.named(event::UNHANDLED_EXCEPTION)
    }
}

struct Capture(Logs);

impl<S: Subscriber> Layer<S> for Capture {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let context = RequestContext::with(|context| {
            let mut line = b"{\"\":0".to_vec();
            context.write_log_fields(&mut line);
            line.push(b'}');
            serde_json::from_slice(&line).unwrap()
        });
        self.0.0.lock().unwrap().push(Event {
            message: fields.0.remove("message").unwrap_or_default(),
            fields: fields.0,
            context: context.unwrap_or_default(),
        });
    }
}

#[derive(Default)]
struct Fields(BTreeMap<&'static str, String>);

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }
}

/// The process's recorder, read back through its text.
#[derive(Clone)]
pub(crate) struct Metrics(PrometheusHandle);

impl Metrics {
    pub(crate) fn install() -> Self {
        Self(PrometheusBuilder::new().install_recorder().unwrap())
    }

    /// The sum of all series of a name that have these labels.
    pub(crate) fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let has = |series: &str| {
            let has = |(key, value): &(&str, &str)| series.contains(&format!("{key}=\"{value}\""));
            labels.iter().all(has)
        };
        let series = self.series(name).into_iter();
        let mine = series.filter(|(series, _)| has(series));
        mine.map(|(_, value)| value).sum()
    }

    /// Every series of a name, with its labels as they are rendered.
    pub(crate) fn series(&self, name: &str) -> Vec<(String, f64)> {
        let text = self.0.render();
        let samples = text.lines().filter_map(|line| line.rsplit_once(' '));
        samples
            .filter(|(series, _)| series.split('{').next() == Some(name))
            .map(|(series, value)| (series.to_owned(), value.parse().unwrap()))
            .collect()
    }
}
