use std::{
    cell::{Cell, RefCell},
    io,
    time::{Duration, Instant},
};

use belvedere_core::names::event;
use reqwest::{Client, StatusCode, Url};
use sentry_core::types::Dsn;
use tokio::runtime::{self, Runtime};

use super::{Kind, Parcel, Shared, limits::Limits};

/// Longest wait for one answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// What one request at a time can take: transactions never keep an error waiting.
const ERRORS_ALONE: &[Kind] = &[Kind::Error];
const BOTH: &[Kind] = &[Kind::Error, Kind::Transaction];

/// Where envelopes go, and how.
pub(super) struct Sender {
    runtime: Runtime,
    client: Client,
    url: Url,
    auth: String,
    limits: RefCell<Limits>,
    is_failing: Cell<bool>,
}

impl Sender {
    pub(super) fn to(dsn: &Dsn) -> io::Result<Self> {
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let client = Client::builder()
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none());
        Ok(Self {
            runtime,
            client: client.build().map_err(io::Error::other)?,
            url: dsn.envelope_api_url(),
            auth: dsn
                .to_auth(Some(concat!("belvedere/", env!("CARGO_PKG_VERSION"))))
                .to_string(),
            limits: RefCell::default(),
            is_failing: Cell::new(false),
        })
    }

    /// Until nothing more comes. Four at a time: a server that is far away is no reason to drop.
    pub(super) fn run(&self, shared: &Shared) {
        let lane = |kinds| self.deliver(shared, kinds);
        self.runtime.block_on(async {
            tokio::join!(lane(ERRORS_ALONE), lane(BOTH), lane(BOTH), lane(BOTH))
        });
    }

    async fn deliver(&self, shared: &Shared, kinds: &[Kind]) {
        while let Some(mut parcel) = shared.next(kinds).await {
            let is_held = self.limits.borrow_mut().hold(parcel.kind, Instant::now());
            if is_held {
                parcel.count_dropped("rate_limited");
            } else {
                self.send(&mut parcel).await;
            }
            shared.settle(&parcel);
        }
    }

    async fn send(&self, parcel: &mut Parcel) {
        match self.ask(std::mem::take(&mut parcel.envelope)).await {
            Ok(StatusCode::TOO_MANY_REQUESTS) => parcel.count_dropped("rate_limited"),
            Ok(_) => self.is_failing.set(false),
            Err(error) => {
                parcel.count_dropped("export_failed");
                // Once for each time that it breaks, and as no error: that would have to be sent.
                if !self.is_failing.replace(true) {
                    tracing::warn!(message = event::ERRORS_EXPORT_FAILED, error = %error);
                }
            }
        }
    }

    /// What the server says to it.
    async fn ask(&self, envelope: Vec<u8>) -> Result<StatusCode, reqwest::Error> {
        let request = self.client.post(self.url.clone()).body(envelope);
        let request = request.header("x-sentry-auth", &self.auth);
        let answer = request.send().await.map_err(reqwest::Error::without_url)?;
        let status = answer.status();
        let mut limits = self.limits.borrow_mut();
        limits.obey(status, answer.headers(), Instant::now());
        drop(limits);
        if status == StatusCode::TOO_MANY_REQUESTS {
            return Ok(status);
        }
        let answer = answer.error_for_status();
        answer
            .map(|answer| answer.status())
            .map_err(reqwest::Error::without_url)
    }
}
