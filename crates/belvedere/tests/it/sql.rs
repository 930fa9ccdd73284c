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

fn started() -> TestService {
    let postgres = ThrowAwayPostgres::start().unwrap();
    queries().postgres(postgres).start().unwrap()
}
