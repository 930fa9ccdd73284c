use std::path::PathBuf;

use belvedere_core::{ConnectionUrl, settings};

settings! {
    /// Redis, when there is one.
    pub struct RedisConfig {
        /// Where it is: `redis://user:password@host:6379/0`, or `rediss://..` for TLS. Unset: caches live in the process.
        pub url: Option<ConnectionUrl> = None,
        /// Whether the service is not ready, and does not start, without it. A cache is not required.
        pub required: bool = false,
        /// Longest time for a command, in milliseconds; a connection that has to be made is part of it.
        pub timeout_ms: u64 = 250,
        /// Longest time for a connection to be made, in milliseconds.
        pub connect_timeout_ms: u64 = 1000,
        /// Certificates (PEM) that a `rediss://` server is checked against, in place of the usual ones.
        pub ca_file: Option<PathBuf> = None,
    }
}
