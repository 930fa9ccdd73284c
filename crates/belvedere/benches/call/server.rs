//! The servers, each in a process of its own.

use std::{env, net::SocketAddr, time::Duration};

use belvedere::{Boot, BootError, Stopped, about, grpc::Services};
use tokio::signal::unix::{SignalKind, signal};
use tonic::{Request, Status, service::interceptor::InterceptedService, transport};
use tower::limit::GlobalConcurrencyLimitLayer;
use tower_http::catch_panic::CatchPanicLayer;

use super::{
    apart::tell_cpu,
    echo::{Echo, descriptors},
};

/// What tells a server where to listen.
pub(super) const ADDR: &str = "GRPC__ADDR";

/// What a service of ours allows by default.
const TIME_LIMIT: Duration = Duration::from_secs(30);
const CALLS_AT_ONCE: usize = 1000;
const STREAMS_AT_ONCE: u32 = 200;
const MAX_HEAD: u32 = 64 * 1024;

/// `Bare` and `Protected` are tonic alone; anything else is a service, as its environment says.
pub(super) fn serve(side: &str) {
    tell_cpu();
    match side {
        "Bare" => run(transport::Server::builder()
            .add_service(Echo)
            .serve_with_shutdown(addr(), end())),
        "Protected" => run(protected()),
        _ => {
            belvedere::main(about!(), compose);
        }
    }
}

fn addr() -> SocketAddr {
    let addr = env::var(ADDR).expect("it is said").parse();
    addr.expect("an address")
}

async fn end() {
    let mut end = signal(SignalKind::terminate()).expect("a signal");
    end.recv().await;
}

fn run(served: impl Future<Output = Result<(), transport::Error>>) {
    // Without any subscriber, tonic's spans would go to `log`, which is built in on behalf of the services' dependencies.
    let _ = tracing::subscriber::set_global_default(tracing::subscriber::NoSubscriber::new());
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.enable_all().build().expect("a runtime");
    runtime.block_on(served).expect("it serves");
}

/// With what a service needs before it meets strangers, as far as tonic, tower and tower-http have it: panics caught, a time limit,
/// limits for calls at once, streams and heads, and nobody let in who does not say for whom he calls.
async fn protected() -> Result<(), transport::Error> {
    transport::Server::builder()
        .timeout(TIME_LIMIT)
        .load_shed(true)
        .max_concurrent_streams(STREAMS_AT_ONCE)
        .http2_max_header_list_size(MAX_HEAD)
        .layer(CatchPanicLayer::new())
        .layer(GlobalConcurrencyLimitLayer::new(CALLS_AT_ONCE))
        .add_service(InterceptedService::new(Echo, known))
        .serve_with_shutdown(addr(), end())
        .await
}

fn known(request: Request<()>) -> Result<Request<()>, Status> {
    let tenant = request.metadata().get("x-tenant-id");
    tenant.ok_or_else(|| Status::unauthenticated("for whom?"))?;
    Ok(request)
}

async fn compose(boot: Boot) -> Result<Stopped, BootError> {
    let services = Services::new(descriptors()).service(Echo);
    boot.service().grpc(services).run().await
}
