use std::sync::Arc;

use axum::{Router, extract::State, routing::get};
use belvedere_core::{
    Control,
    control::{Order, Sampling},
};
use serde::{Deserialize, Serialize};

use super::{
    Admin,
    guard::Operator,
    order::{Ratio, Ttl, seconds_left},
};
use crate::{Problem, extract::Json};

type Controls = State<Arc<dyn Control>>;

pub(super) fn routes() -> Router<Admin> {
    Router::new().route("/sampling", get(show).put(change))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    ratio: Ratio,
    ttl_seconds: Option<Ttl>,
}

#[derive(Debug, Serialize)]
struct Shown {
    /// In force.
    ratio: f64,
    configured: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl_seconds: Option<u64>,
    /// Whether a trusted caller's decision stands above the ratio.
    follows_parent: bool,
    is_exporting: bool,
}

impl From<Sampling> for Shown {
    fn from(sampling: Sampling) -> Self {
        Self {
            ratio: sampling.ratio,
            configured: sampling.configured,
            ttl_seconds: sampling.ttl.map(seconds_left),
            follows_parent: sampling.follows_parent,
            is_exporting: sampling.is_exporting,
        }
    }
}

async fn show(State(control): Controls) -> Json<Shown> {
    Json(control.sampling().into())
}

async fn change(
    operator: Operator,
    State(control): Controls,
    Json(wanted): Json<Wanted>,
) -> Result<Json<Shown>, Problem> {
    let order = Order {
        peer: operator.peer,
        ttl: wanted.ttl_seconds.map(|ttl| ttl.0),
    };
    let changed = control.set_ratio(wanted.ratio.0, order)?;
    Ok(Json(changed.into()))
}
