//! The servers, each in a process of its own.

use std::{
    env,
    io::{self, BufRead},
    thread,
};

use belvedere::{Boot, BootError, Stopped, about, grpc::Services};
use rustix::time::{ClockId, clock_gettime};
use tokio::signal::unix::{SignalKind, signal};

use super::echo::{Echo, descriptors};

/// What tells a server where to listen.
pub(super) const ADDR: &str = "GRPC__ADDR";

/// `bare` is tonic alone; anything else is a service, as its environment says.
pub(super) fn serve(side: &str) {
    thread::spawn(tell_cpu);
    if side == "Bare" {
        bare();
    } else {
        belvedere::main(about!(), compose);
    }
}

/// The CPU time of this process in microseconds, as often as somebody asks. Standard output is for the log.
fn tell_cpu() {
    for _ in io::stdin().lock().lines() {
        let time = clock_gettime(ClockId::ProcessCPUTime);
        let micros = time.tv_sec as f64 * 1e6 + time.tv_nsec as f64 / 1e3;
        #[expect(clippy::print_stderr, reason = "it is asked for")]
        {
            eprintln!("{micros}");
        }
    }
}

fn bare() {
    let addr = env::var(ADDR).expect("it is said").parse();
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.enable_all().build().expect("a runtime");
    let server = tonic::transport::Server::builder().add_service(Echo);
    let served = runtime.block_on(async {
        let mut end = signal(SignalKind::terminate()).expect("a signal");
        let end = async move {
            end.recv().await;
        };
        server
            .serve_with_shutdown(addr.expect("an address"), end)
            .await
    });
    served.expect("it serves");
}

async fn compose(boot: Boot) -> Result<Stopped, BootError> {
    let services = Services::new(descriptors()).service(Echo);
    boot.service().grpc(services).run().await
}
