//! `grpc.health.v1`, which tells what `/health/ready` does.
//!
//! <https://github.com/grpc/grpc/blob/master/doc/health-checking.md>

use std::{pin::Pin, time::Duration};

use belvedere_core::{Health as Registry, Shutdown, health::ReadyStatus};
use futures_util::{Stream, stream};
use tokio::time;
use tonic::{Request, Response, Status};
use tonic_health::pb::{
    HealthCheckRequest, HealthCheckResponse,
    health_check_response::ServingStatus,
    health_server::{Health, HealthServer},
};

/// How soon a watcher hears of a change. The registry asks dependencies every five seconds.
const WATCH_EVERY: Duration = Duration::from_secs(1);

/// The service. It knows all of `names` alike, and the empty name, which is that of the process.
pub(crate) fn service(
    registry: Registry,
    shutdown: Shutdown,
    names: Vec<&'static str>,
) -> HealthServer<Answers> {
    HealthServer::new(Answers {
        registry,
        shutdown,
        names,
    })
}

#[derive(Debug, Clone)]
pub(crate) struct Answers {
    registry: Registry,
    shutdown: Shutdown,
    names: Vec<&'static str>,
}

impl Answers {
    fn of(&self, name: &str) -> Option<ServingStatus> {
        let is_known = name.is_empty() || self.names.contains(&name);
        is_known.then(|| match self.registry.readiness().status {
            ReadyStatus::NotReady => ServingStatus::NotServing,
            ReadyStatus::Ready | ReadyStatus::Degraded => ServingStatus::Serving,
        })
    }

    /// Waits for another status than the last one; `None` when the process ends, which a watcher is not to hold up.
    async fn next(&self, name: &str, last: Option<ServingStatus>) -> Option<ServingStatus> {
        loop {
            let now = self.of(name).unwrap_or(ServingStatus::ServiceUnknown);
            if last != Some(now) {
                return Some(now);
            }
            tokio::select! {
                () = self.shutdown.stopping() => return None,
                () = time::sleep(WATCH_EVERY) => {}
            }
        }
    }
}

#[tonic::async_trait]
impl Health for Answers {
    type WatchStream = Pin<Box<dyn Stream<Item = Result<HealthCheckResponse, Status>> + Send>>;

    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        let status = self.of(&request.into_inner().service);
        let status = status.ok_or_else(|| Status::not_found("there is no such service"))?;
        Ok(Response::new(said(status)))
    }

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let (answers, name) = (self.clone(), request.into_inner().service);
        let statuses = stream::unfold(None, move |last| {
            let (answers, name) = (answers.clone(), name.clone());
            async move {
                let now = answers.next(&name, last).await?;
                Some((Ok(said(now)), Some(now)))
            }
        });
        Ok(Response::new(Box::pin(statuses)))
    }
}

fn said(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse {
        status: status.into(),
    }
}
