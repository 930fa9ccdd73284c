//! Who runs where: the server on the first core, what drives and receives on another one.

use std::thread;

/// The server's.
pub(crate) const SERVER: &str = "0";

/// Of the load at a rate and of the receiver; the server's own where there is no other.
pub(crate) fn other() -> &'static str {
    if thread::available_parallelism().is_ok_and(|cores| cores.get() > 1) {
        "1"
    } else {
        SERVER
    }
}
