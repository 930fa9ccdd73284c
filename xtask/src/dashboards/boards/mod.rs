//! The dashboards, a file each.

mod business;
mod dependencies;
mod jobs;
mod resources;
mod service;
mod slo;
mod telemetry;

use super::model::Board;

pub(super) fn all() -> [Board; 7] {
    [
        business::board(),
        dependencies::board(),
        jobs::board(),
        resources::board(),
        service::board(),
        slo::board(),
        telemetry::board(),
    ]
}
