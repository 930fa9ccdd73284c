//! Calls by gRPC, which `curl` makes: HTTP/2, one message.

use std::io::Write as _;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::Plague;
use crate::drill::stack::Site;

/// As many callers, each with one call at a time.
const CALLERS: usize = 6;
const PAUSE: Duration = Duration::from_millis(300);
/// A message of twelve bytes, not compressed: one espresso.
const ONE_ESPRESSO: &[u8] = b"\0\0\0\0\x0c\x0a\x08espresso\x10\x01";

/// Nobody calls by HTTP, and everybody orders by gRPC, until the usual callers are there again.
pub(super) fn orders_alone(site: &Site) {
    let address = site.service.grpc;
    site.load.set(0, Duration::from_millis(100));
    let callers = (0..CALLERS).map(|_| Plague::start(PAUSE, move || place(address)));
    site.strike(callers.collect::<Vec<_>>());
}

/// What it is answered, the service's own figures tell.
fn place(address: SocketAddr) {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--max-time", "10", "--http2-prior-knowledge"])
        .args(["--header", "content-type: application/grpc"])
        .args(["--header", "te: trailers"])
        .args([
            "--header",
            "x-tenant-id: acme",
            "--header",
            "x-user-id: ada",
        ])
        .args(["--data-binary", "@-"])
        .arg(format!(
            "http://{address}/orders.v1.OrderService/PlaceOrder"
        ))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let Ok(mut child) = curl.spawn() else {
        return;
    };
    if let Some(mut input) = child.stdin.take() {
        let _ = input.write_all(ONE_ESPRESSO);
    }
    let _ = child.wait();
}
