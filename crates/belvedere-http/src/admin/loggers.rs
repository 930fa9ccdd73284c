use std::sync::Arc;

use axum::{Router, extract::State, routing::get};
use belvedere_core::{
    Control,
    control::{LogLevel, Logger, Order},
};
use serde::{Deserialize, Serialize};

use super::{
    Admin,
    guard::Operator,
    order::{Ttl, is_target, seconds_left},
};
use crate::{
    Problem,
    extract::{Json, Path},
};

type Controls = State<Arc<dyn Control>>;

pub(super) fn routes() -> Router<Admin> {
    let logger = get(show).put(change).delete(reset);
    Router::new()
        .route("/loggers", get(list))
        .route("/loggers/{target}", logger)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    level: LogLevel,
    ttl_seconds: Option<Ttl>,
}

#[derive(Debug, Serialize)]
struct Listed {
    loggers: Vec<Shown>,
}

#[derive(Debug, Serialize)]
struct Shown {
    target: String,
    /// In force.
    level: LogLevel,
    configured: LogLevel,
    #[serde(skip_serializing_if = "Option::is_none")]
    ordered: Option<LogLevel>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl_seconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'static str>,
}

impl From<Logger> for Shown {
    fn from(logger: Logger) -> Self {
        let is_held = logger
            .ordered
            .is_some_and(|ordered| ordered != logger.level);
        Self {
            detail: is_held.then_some(
                "held at info: below it this target prints raw headers; LOG__WIRE=true lifts that, at the next start",
            ),
            target: logger.target,
            level: logger.level,
            configured: logger.configured,
            ordered: logger.ordered,
            ttl_seconds: logger.ttl.map(seconds_left),
        }
    }
}

async fn list(State(control): Controls) -> Json<Listed> {
    let loggers = control.loggers().into_iter().map(Shown::from).collect();
    Json(Listed { loggers })
}

async fn show(
    State(control): Controls,
    Path(target): Path<String>,
) -> Result<Json<Shown>, Problem> {
    check(&target)?;
    Ok(Json(control.logger(&target).into()))
}

async fn change(
    operator: Operator,
    State(control): Controls,
    Path(target): Path<String>,
    Json(wanted): Json<Wanted>,
) -> Result<Json<Shown>, Problem> {
    check(&target)?;
    let order = Order {
        peer: operator.peer,
        ttl: wanted.ttl_seconds.map(|ttl| ttl.0),
    };
    let changed = control.set_level(&target, wanted.level, order)?;
    Ok(Json(changed.into()))
}

async fn reset(
    operator: Operator,
    State(control): Controls,
    Path(target): Path<String>,
) -> Result<Json<Shown>, Problem> {
    check(&target)?;
    let order = Order {
        peer: operator.peer,
        ttl: None,
    };
    Ok(Json(control.reset_level(&target, order).into()))
}

fn check(target: &str) -> Result<(), Problem> {
    if is_target(target) {
        return Ok(());
    }
    let message = "has to be a Rust path such as shop::orders, of at most 128 bytes, or default for all that is not named";
    Err(Problem::validation(Vec::new()).field("target", message))
}
