use std::path::PathBuf;

use belvedere_core::{config::Seconds, settings};

use super::UpstreamUrl;

settings! {
    /// Another service that this one calls.
    pub struct UpstreamConfig {
        /// Where it is, e.g. `http://payments:8080/`; paths are joined to it. User and password are sent as basic credentials.
        pub url: Option<UpstreamUrl> = None,
        /// Longest time for a connection to be made, TLS included.
        pub connect_timeout_seconds: Seconds = Seconds::new(2),
        /// Longest time for a whole call, with its retries and its body. The handler's own limit ends it earlier.
        pub timeout_seconds: Seconds = Seconds::new(5),
        /// How often a call that may be repeated is, while a tenth of all calls is not exceeded.
        pub max_retries: u16 = 2,
        /// How long calls are refused after too many have failed, give or take a fifth.
        pub circuit_open_seconds: Seconds = Seconds::new(5),
        /// Largest body of an answer, in bytes.
        pub body_limit_bytes: usize = 1024 * 1024,
        /// By gRPC: age at which a connection is replaced, give or take a tenth, so that replicas that have come since are called
        /// too. Unset: it lasts until the upstream ends it.
        pub max_connection_age_seconds: Option<Seconds> = None,
        /// A PEM file of certificates to trust beside the public ones: a private authority.
        pub ca_file: Option<PathBuf> = None,
    }
}
