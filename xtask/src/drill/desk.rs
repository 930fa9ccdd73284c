//! Where the on-call sits: what Alertmanager sends arrives here, and what a runbook tells to do is done from here.

use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::post;
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::runtime::Handle;

use crate::interrupt;

/// How often a wait looks for an interrupt.
const LOOK: Duration = Duration::from_millis(200);

/// Does what a runbook's command asks for.
pub(super) type Order = Box<dyn Fn(&str) -> Result<()> + Send + Sync>;

/// One word about one alert.
#[derive(Debug, Clone)]
pub(super) struct Note {
    pub(super) at: Instant,
    /// The receiver's: `page`, `ticket`.
    pub(super) way: String,
    pub(super) alert: String,
    pub(super) fingerprint: String,
    pub(super) is_firing: bool,
    pub(super) said: Annotations,
}

#[derive(Deserialize)]
struct Notification {
    alerts: Vec<Told>,
}

#[derive(Deserialize)]
struct Told {
    status: String,
    fingerprint: String,
    labels: Labels,
    annotations: Annotations,
}

#[derive(Deserialize)]
struct Labels {
    alertname: String,
}

/// What the alert says.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Annotations {
    pub(super) summary: String,
    pub(super) description: String,
    pub(super) runbook_url: String,
}

/// Cheap to clone.
#[derive(Clone)]
pub(super) struct Desk {
    address: SocketAddr,
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    notes: Mutex<Vec<Note>>,
    changed: Condvar,
    order: OnceLock<Order>,
}

impl Desk {
    pub(super) fn open(runtime: &Handle) -> Result<Self> {
        let inner = Arc::new(Inner::default());
        let routes = Router::new()
            .route("/do/{order}", post(obey))
            .route("/{way}", post(note))
            .with_state(Arc::clone(&inner));
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
        let address = listener.local_addr()?;
        runtime.spawn(async move { axum::serve(listener, routes).await });
        Ok(Self { address, inner })
    }

    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on orders are obeyed.
    pub(super) fn obey(&self, order: Order) {
        // There is one stack for one desk.
        let _ = self.inner.order.set(order);
    }

    /// What was told so far is of no interest any more.
    pub(super) fn forget(&self) {
        self.inner.notes().clear();
    }

    /// The command that gives an order.
    pub(super) fn command(&self, order: &str) -> String {
        format!(
            "curl -fsS -m 100 -X POST http://{}/do/{order}",
            self.address
        )
    }

    /// The first word after `since` that an alert fires.
    pub(super) fn wait_for_firing(
        &self,
        alert: &str,
        since: Instant,
        limit: Duration,
    ) -> Result<Option<Note>> {
        self.wait(limit, |notes| {
            let mut notes = notes
                .iter()
                .filter(|note| note.alert == alert && note.at >= since);
            notes.find(|note| note.is_firing).cloned()
        })
    }

    /// When the last of an alert's label sets was said to be over.
    pub(super) fn wait_for_resolved(
        &self,
        alert: &str,
        limit: Duration,
    ) -> Result<Option<Instant>> {
        self.wait(limit, |notes| over(notes, alert))
    }

    /// Whether the last word about an alert is that it is over.
    pub(super) fn is_over(&self, alert: &str) -> bool {
        over(&self.inner.notes(), alert).is_some()
    }

    fn wait<T>(&self, limit: Duration, found: impl Fn(&[Note]) -> Option<T>) -> Result<Option<T>> {
        let deadline = Instant::now() + limit;
        let mut notes = self.inner.notes();
        loop {
            if let Some(found) = found(&notes) {
                return Ok(Some(found));
            }
            if Instant::now() >= deadline {
                return Ok(None);
            }
            interrupt::check()?;
            let woken = self.inner.changed.wait_timeout(notes, LOOK);
            notes = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// Nothing of it fires any more, by the last word about each of its label sets.
fn over(notes: &[Note], alert: &str) -> Option<Instant> {
    let about: Vec<_> = notes.iter().filter(|note| note.alert == alert).collect();
    let still_fires = about.iter().any(|note| {
        let mut same = about.iter().rev();
        let last = same.find(|other| other.fingerprint == note.fingerprint);
        last.is_some_and(|last| last.is_firing)
    });
    about.last().filter(|_| !still_fires).map(|note| note.at)
}

impl Inner {
    fn notes(&self) -> MutexGuard<'_, Vec<Note>> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn note(
    State(inner): State<Arc<Inner>>,
    Path(way): Path<String>,
    body: axum::Json<Notification>,
) {
    let at = Instant::now();
    let notes = body.0.alerts.into_iter().map(|told| Note {
        at,
        way: way.clone(),
        alert: told.labels.alertname,
        fingerprint: told.fingerprint,
        is_firing: told.status == "firing",
        said: told.annotations,
    });
    inner.notes().extend(notes);
    inner.changed.notify_all();
}

/// 500 and the reason when it could not be done: `curl -f` fails by it.
async fn obey(State(inner): State<Arc<Inner>>, Path(order): Path<String>) -> (StatusCode, String) {
    let work = tokio::task::spawn_blocking(move || match inner.order.get() {
        Some(obey) => obey(&order),
        None => anyhow::bail!("nobody is there yet"),
    });
    match work.await {
        Ok(Ok(())) => (StatusCode::OK, "done\n".to_owned()),
        Ok(Err(error)) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error:#}\n")),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(alert: &str, fingerprint: &str, is_firing: bool) -> Note {
        Note {
            at: Instant::now(),
            way: "page".to_owned(),
            alert: alert.to_owned(),
            fingerprint: fingerprint.to_owned(),
            is_firing,
            said: Annotations::default(),
        }
    }

    #[test]
    fn an_alert_is_over_when_none_of_its_label_sets_fires() {
        let mut notes = vec![
            note("A", "1", true),
            note("A", "2", true),
            note("B", "3", true),
        ];
        notes.push(note("A", "1", false));
        assert!(over(&notes, "A").is_none());
        notes.push(note("A", "2", false));
        assert!(over(&notes, "A").is_some());
        notes.push(note("A", "1", true));
        assert!(over(&notes, "A").is_none());
        assert!(over(&notes, "C").is_none());
    }
}
