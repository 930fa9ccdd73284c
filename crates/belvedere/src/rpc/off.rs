use belvedere_http::Server;
use belvedere_telemetry::TelemetryConfig;

use super::Beside;
use crate::BootError;

/// Not built in.
#[derive(Debug, Default)]
pub(crate) struct Grpc;

impl Grpc {
    pub(crate) const fn new(_: &TelemetryConfig) -> Self {
        Self
    }

    #[expect(clippy::unused_async, reason = "as the one that is built in")]
    pub(crate) async fn bind(self, _: Beside<'_>) -> Result<Option<Server>, BootError> {
        Ok(None)
    }
}
