//! The service as its callers and its operators see it: the real binary, over sockets.

mod helpers;
mod ops;
mod orders;
mod users;
