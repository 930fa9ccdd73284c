use std::{
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use belvedere_core::{
    About, Redactor, config::ConfigError, names::event::TRACES_NOT_FLUSHED, trace::SpanReader,
};
use sentry_core::{Client, ClientOptions, Hub, Scope, TransportFactory};

use crate::{
    BindHub, FailureLayer, SentryConfig,
    cap::Cap,
    config::Checked,
    scrub::scrub,
    transactions::{Service, Transactions},
    transport::{Courier, Kind, Left, Parcel, count_dropped},
};

/// Lines before a failure that go with it.
const BREADCRUMBS: usize = 30;

/// The way to Sentry, while it is on.
#[derive(Debug)]
pub struct Errors {
    on: Option<On>,
    why: &'static str,
    why_spans: &'static str,
}

/// What has left the process in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flushed {
    /// Every event.
    pub errors: bool,
    /// Every transaction.
    pub transactions: bool,
}

#[derive(Debug)]
struct On {
    hub: Arc<Hub>,
    courier: Arc<Courier>,
    redactor: Redactor,
    transactions: Option<Arc<Transactions>>,
}

impl Errors {
    /// Connects when there is something to send: no server can delay a start.
    ///
    /// # Errors
    ///
    /// A setting that cannot be.
    pub fn start(
        about: About,
        service: &str,
        environment: &str,
        config: &SentryConfig,
        redactor: &Redactor,
    ) -> Result<Self, ConfigError> {
        let why = match (config.is_enabled, &config.dsn) {
            (false, _) => "off: SENTRY__IS_ENABLED is false",
            (true, None) => "off: no SENTRY__DSN",
            (true, Some(_)) => "on: sentry",
        };
        let Checked {
            dsn,
            sample_rate,
            traces_sample_rate: ratio,
        } = config.checked()?;
        let Some(dsn) = dsn else {
            let (on, why_spans) = (None, why);
            return Ok(Self { on, why, why_spans });
        };
        let why_spans = if ratio > 0.0 {
            "on: sentry"
        } else {
            "off: SENTRY__TRACES_SAMPLE_RATE is 0"
        };
        let courier = Courier::start(&dsn).map_err(|error| no_courier(&error))?;
        let courier = Arc::new(courier);
        let release = format!("{service}@{}", about.version);
        let transactions = (ratio > 0.0).then(|| {
            let service = Service {
                release: release.clone(),
                environment: environment.to_owned(),
                redactor: redactor.clone(),
            };
            Arc::new(Transactions::new(ratio, service, Arc::clone(&courier)))
        });
        let mut options = ClientOptions::new()
            .sample_rate(sample_rate)
            .release(release)
            .environment(environment.to_owned())
            .max_breadcrumbs(BREADCRUMBS);
        options.dsn = Some(dsn);
        options.send_default_pii = false;
        options.transport = Some(Arc::new(Fixed(Arc::clone(&courier))));
        options.before_send = Some(gate(redactor.clone()));
        let client = Arc::new(Client::with_options(options));
        Ok(Self {
            on: Some(On {
                hub: Arc::new(Hub::new(Some(client), Arc::new(Scope::default()))),
                courier,
                redactor: redactor.clone(),
                transactions,
            }),
            why,
            why_spans,
        })
    }

    /// On or off, and why.
    pub const fn why(&self) -> &'static str {
        self.why
    }

    /// Whether transactions are made, and why.
    pub const fn why_spans(&self) -> &'static str {
        self.why_spans
    }

    /// What makes transactions of spans.
    pub fn spans(&self) -> Option<Arc<dyn SpanReader>> {
        let transactions = self.on.as_ref()?.transactions.as_ref()?;
        Some(Arc::clone(transactions) as _)
    }

    /// What sees the log.
    pub fn layer(&self) -> Option<FailureLayer> {
        let on = self.on.as_ref()?;
        Some(FailureLayer::new(Arc::clone(&on.hub), on.redactor.clone()))
    }

    /// What makes a request's hub the current one, for code that talks to Sentry itself.
    pub fn bind_hub<R>(&self) -> Option<BindHub<R>> {
        self.on.as_ref().map(|on| crate::request::bind_hub(&on.hub))
    }

    /// Sends what is waiting, at most until `deadline`.
    pub fn flush(&self, deadline: Instant) -> Flushed {
        let time_left = deadline.saturating_duration_since(Instant::now());
        let left = self.on.as_ref().map(|on| on.courier.close(time_left));
        let left = left.unwrap_or_default();
        if left.spans > 0 {
            tracing::warn!(message = TRACES_NOT_FLUSHED, spans = left.spans);
        }
        Flushed {
            errors: left.errors == 0,
            transactions: left.spans == 0,
        }
    }
}

/// The last thing that happens to any event, also to those that users capture themselves.
fn gate(redactor: Redactor) -> sentry_core::BeforeCallback<sentry_core::protocol::Event<'static>> {
    let cap = Cap::default();
    Arc::new(move |event| {
        if !cap.takes(&event, Instant::now()) {
            count_dropped(Kind::Error, "rate_limited", 1);
            return None;
        }
        scrub(&event, &redactor)
    })
}

fn no_courier(error: &io::Error) -> ConfigError {
    ConfigError::new("SENTRY__DSN", format!("cannot be used: {error}"))
}

/// Hands out the courier that is running already.
struct Fixed(Arc<Courier>);

impl TransportFactory for Fixed {
    fn create_transport_with_options(
        &self,
        _: sentry_core::TransportOptions,
    ) -> Arc<dyn sentry_core::Transport> {
        Arc::new(Arc::clone(&self.0))
    }
}

impl sentry_core::Transport for Courier {
    fn send_envelope(&self, envelope: sentry_core::Envelope) {
        let mut bytes = Vec::new();
        // A vector takes everything.
        let _ = envelope.to_writer(&mut bytes);
        self.push(Parcel {
            kind: Kind::Error,
            envelope: bytes,
            records: 1,
        });
    }

    fn flush(&self, timeout: Duration) -> bool {
        self.wait(timeout)
    }

    fn shutdown(&self, timeout: Duration) -> bool {
        self.close(timeout) == Left::default()
    }
}
