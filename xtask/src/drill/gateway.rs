//! The payment gateway that the drilled service charges: a server of our own that can be well, broken, slow, silent or gone.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

/// How it answers.
#[derive(Debug, Clone, Copy)]
pub(super) enum Mood {
    Answers(u16),
    /// 200, after a while.
    Late(Duration),
    /// Never.
    Silent,
}

/// Well, unless told otherwise.
const WELL: Mood = Mood::Answers(200);

pub(super) struct Gateway {
    address: SocketAddr,
    mood: Arc<Mutex<Mood>>,
    runtime: Handle,
    serving: Mutex<Option<JoinHandle<()>>>,
}

impl Gateway {
    pub(super) fn start(runtime: &Handle) -> Result<Self> {
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
        let gateway = Self {
            address: listener.local_addr()?,
            mood: Arc::new(Mutex::new(WELL)),
            runtime: runtime.clone(),
            serving: Mutex::default(),
        };
        gateway.serve(listener);
        Ok(gateway)
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    pub(super) fn is(&self, mood: Mood) {
        *self.mood.lock().unwrap_or_else(PoisonError::into_inner) = mood;
    }

    /// Nobody listens any more.
    pub(super) fn close(&self) {
        if let Some(serving) = self.task().take() {
            serving.abort();
        }
    }

    /// Well again, and at the same address.
    pub(super) fn mend(&self) -> Result<()> {
        self.is(WELL);
        if self.task().is_none() {
            let listener = self.runtime.block_on(TcpListener::bind(self.address))?;
            self.serve(listener);
        }
        Ok(())
    }

    fn serve(&self, listener: TcpListener) {
        let routes = Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&self.mood));
        let serving = self.runtime.spawn(async move {
            // It ends when it is aborted.
            let _ = axum::serve(listener, routes).await;
        });
        *self.task() = Some(serving);
    }

    fn task(&self) -> std::sync::MutexGuard<'_, Option<JoinHandle<()>>> {
        self.serving.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn answer(State(mood): State<Arc<Mutex<Mood>>>) -> StatusCode {
    let mood = *mood.lock().unwrap_or_else(PoisonError::into_inner);
    match mood {
        Mood::Answers(status) => StatusCode::from_u16(status).unwrap_or(StatusCode::OK),
        Mood::Late(time) => {
            tokio::time::sleep(time).await;
            StatusCode::OK
        }
        Mood::Silent => std::future::pending().await,
    }
}
