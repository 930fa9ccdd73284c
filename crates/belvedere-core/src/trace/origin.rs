use std::sync::{LazyLock, OnceLock};

use super::Tracer;
use crate::propagation::Propagators;

static INSTALLED: OnceLock<Origin> = OnceLock::new();
static NOWHERE: LazyLock<Origin> = LazyLock::new(|| Origin {
    tracer: Tracer::off(),
    propagators: Propagators::default(),
});

/// What transactions outside of requests begin with.
#[derive(Debug, Clone)]
pub struct Origin {
    /// Who samples them, and where their spans go.
    pub tracer: Tracer,
    /// How their callees are told of the trace.
    pub propagators: Propagators,
}

impl Origin {
    /// What is installed; else nothing is exported, and there are ids all the same.
    pub(super) fn installed() -> &'static Self {
        INSTALLED.get().unwrap_or(&NOWHERE)
    }
}

/// Tells the whole process, once: who comes later is not heard. `belvedere-telemetry` does so at its start.
pub fn install(origin: Origin) {
    // A second telemetry in one process is refused before it comes here.
    let _ = INSTALLED.set(origin);
}
