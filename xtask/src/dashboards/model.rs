//! What a dashboard is made of, in as few words as it takes.

/// A dashboard of its own address.
#[derive(Debug)]
pub(super) struct Board {
    /// The last word of its uid, and its file.
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    pub(super) about: &'static str,
    /// Beside the service: what can be chosen.
    pub(super) choices: &'static [Choice],
    pub(super) rows: Vec<Row>,
}

/// A variable of a dashboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Choice {
    Instance,
    Route,
    Node,
    Trace,
}

#[derive(Debug)]
pub(super) struct Row {
    pub(super) title: &'static str,
    pub(super) panels: Vec<Panel>,
}

#[derive(Debug)]
pub(super) struct Panel {
    pub(super) title: &'static str,
    pub(super) about: &'static str,
    pub(super) unit: Unit,
    pub(super) look: Look,
    pub(super) queries: Vec<Query>,
}

/// How a panel is drawn, and where its data is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    Graph,
    /// With the traces behind it.
    Exemplars,
    Number,
    /// A number of the day so far.
    Today,
    Table,
    /// Lines out of Loki.
    Lines,
    /// Traces out of Jaeger.
    Traces,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Count,
    PerSecond,
    RequestsPerSecond,
    Seconds,
    Bytes,
    BytesPerSecond,
    Ratio,
    Dollars,
}

/// What is asked, and how each answer is called.
#[derive(Debug)]
pub(super) struct Query {
    pub(super) text: &'static str,
    pub(super) legend: &'static str,
}

pub(super) fn row(title: &'static str, panels: impl Into<Vec<Panel>>) -> Row {
    Row {
        title,
        panels: panels.into(),
    }
}

pub(super) fn graph(title: &'static str, unit: Unit, about: &'static str) -> Panel {
    Panel::new(Look::Graph, title, unit, about)
}

pub(super) fn number(title: &'static str, unit: Unit, about: &'static str) -> Panel {
    Panel::new(Look::Number, title, unit, about)
}

impl Panel {
    pub(super) fn new(look: Look, title: &'static str, unit: Unit, about: &'static str) -> Self {
        Self {
            title,
            about,
            unit,
            look,
            queries: Vec::new(),
        }
    }

    /// One more question. `$S` chooses service and replicas, `$W` is the window that fits the graph.
    pub(super) fn ask(mut self, legend: &'static str, text: &'static str) -> Self {
        self.queries.push(Query { text, legend });
        self
    }

    pub(super) fn look(self, look: Look) -> Self {
        Self { look, ..self }
    }
}

impl Query {
    /// As Grafana takes it.
    pub(super) fn expression(&self) -> String {
        self.text
            .replace("$S", "service=\"$service\",instance=~\"$instance\"")
            .replace("$W", "$__rate_interval")
    }
}

impl Unit {
    /// Grafana's name of it.
    pub(super) const fn grafana(self) -> &'static str {
        match self {
            Self::Count => "short",
            Self::PerSecond => "ops",
            Self::RequestsPerSecond => "reqps",
            Self::Seconds => "s",
            Self::Bytes => "bytes",
            Self::BytesPerSecond => "Bps",
            Self::Ratio => "percentunit",
            Self::Dollars => "currencyUSD",
        }
    }
}
