//! A service and its PostgreSQL: what arrives of its statements, and what its callers notice when that is locked or crashes.

mod cancelled;
mod crashes;
mod locked;
mod refused;
mod ways;

use belvedere_testing::{TestService, TestServiceBuilder, ThrowAwayPostgres};

use crate::helpers::example;

fn queries() -> TestServiceBuilder {
    TestService::builder(&example("queries"))
}

/// For tests that are not about the wait: a machine that runs hundreds of them may take seconds for a first connection.
fn patient(builder: TestServiceBuilder) -> TestServiceBuilder {
    builder
        .variable("DATABASE__ACQUIRE_TIMEOUT_SECONDS", "30")
        .variable("DATABASE__REQUEST_LIMIT_SECONDS", "30")
}

fn started() -> TestService {
    let postgres = ThrowAwayPostgres::start().unwrap();
    patient(queries()).postgres(postgres).start().unwrap()
}
