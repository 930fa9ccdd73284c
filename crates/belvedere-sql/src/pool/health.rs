use belvedere_core::{BoxFuture, CheckFailure, HealthCheck};
use sqlx::Error;

use super::Db;
use crate::{Backend, backend::Query};

/// Asks the database for a one. Critical: without it the service is not ready.
#[derive(Debug)]
pub(super) struct DatabaseCheck<DB: Backend>(pub(super) Db<DB>);

impl<DB: Backend> DatabaseCheck<DB> {
    /// Not watched: probes are in no trace and no figure.
    async fn ask(&self) -> Result<(), Error> {
        let mut lease = self.0.lease().await?;
        let query = Query::take("SELECT 1");
        DB::fetch_optional(lease.connection(), query).await?;
        Ok(())
    }
}

impl<DB: Backend> HealthCheck for DatabaseCheck<DB> {
    fn name(&self) -> &'static str {
        "database"
    }

    fn check(&self) -> BoxFuture<'_, Result<(), CheckFailure>> {
        Box::pin(async {
            let outcome = self.ask().await;
            outcome.map_err(|error| CheckFailure(error.into()))
        })
    }
}
