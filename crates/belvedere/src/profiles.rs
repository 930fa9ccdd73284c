//! Profiles of the running process, on the admin listener: for whoever may change what runs, since taking one slows it down.

mod order;

#[cfg(feature = "profiling")]
#[path = "profiles/cpu.rs"]
mod cpu;
#[cfg(not(feature = "profiling"))]
#[path = "profiles/no_cpu.rs"]
mod cpu;

#[cfg(feature = "heap-profiling")]
#[path = "profiles/heap.rs"]
mod heap;
#[cfg(not(feature = "heap-profiling"))]
#[path = "profiles/no_heap.rs"]
mod heap;

use axum::{
    Extension, Router,
    http::header::{CONTENT_DISPOSITION, CONTENT_TYPE},
    response::IntoResponse,
    routing::get,
};
use belvedere_core::names::{event::PROFILE_TAKEN, target::AUDIT};
use belvedere_http::{
    Peer, Problem,
    admin::{Guard, guarded},
    extract::Query,
    method_not_allowed_problems,
    protect::SecurityHeadersLayer,
};

use order::{Format, Order};

/// `/profile/cpu` and `/profile/heap`.
pub(crate) fn routes(guard: Guard) -> Router {
    let routes = Router::new()
        .route("/profile/cpu", get(cpu))
        .route("/profile/heap", get(heap));
    method_not_allowed_problems(guarded(routes, guard)).layer(SecurityHeadersLayer::new())
}

async fn cpu(
    peer: Option<Extension<Peer>>,
    Query(order): Query<Order>,
) -> Result<impl IntoResponse, Problem> {
    let begun = cpu::begin().await?;
    let seconds = order.seconds.get();
    tell("cpu", Some(seconds), peer);
    let profile = begun.take(order.seconds.duration(), order.format).await?;
    Ok(match order.format {
        Format::Svg => ([(CONTENT_TYPE, "image/svg+xml")], profile).into_response(),
        Format::Pprof => pprof("cpu", profile).into_response(),
    })
}

async fn heap(peer: Option<Extension<Peer>>) -> Result<impl IntoResponse, Problem> {
    let profile = heap::take().await?;
    tell("heap", None, peer);
    Ok(pprof("heap", profile))
}

/// A file: whoever opens it in a browser wants to keep it.
fn pprof(kind: &str, profile: Vec<u8>) -> impl IntoResponse + use<> {
    let name = format!("attachment; filename=\"{kind}.pb.gz\"");
    let headers = [
        (CONTENT_TYPE, "application/octet-stream".to_owned()),
        (CONTENT_DISPOSITION, name),
    ];
    (headers, profile)
}

/// Whoever looks at the service's times should know why they were different for a while.
fn tell(kind: &str, seconds: Option<u64>, peer: Option<Extension<Peer>>) {
    let peer = peer.map(|Extension(Peer(peer))| tracing::field::display(peer));
    tracing::warn!(target: AUDIT, message = PROFILE_TAKEN, kind, seconds, by = "operator", peer);
}
