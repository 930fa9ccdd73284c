use std::net::SocketAddr;

use belvedere_core::{config::Seconds, settings};

settings! {
    /// The public listener.
    pub struct HttpConfig {
        /// Where it listens; port 0 takes a free one.
        pub addr: SocketAddr = ([127, 0, 0, 1], 8000).into(),
        /// Longest time for a handler; past it the caller gets 503.
        pub timeout_seconds: Seconds = Seconds::new(30),
        /// Largest request body, in bytes.
        pub body_limit_bytes: usize = 1024 * 1024,
        /// Longest time for the head of a request to arrive.
        pub header_timeout_seconds: Seconds = Seconds::new(10),
        /// Longest time between two requests of one connection; longer than what the balancer before it keeps.
        pub idle_timeout_seconds: Seconds = Seconds::new(75),
        /// Connections at once; more wait in the kernel's queue.
        pub max_connections: u32 = 10_000,
        /// Serves `/metrics` here too.
        pub expose_metrics: bool = false,
    }
}

settings! {
    /// The admin listener: metrics, health, what is running. It has a thread of its own.
    pub struct AdminConfig {
        /// Where it listens; port 0 takes a free one.
        pub addr: SocketAddr = ([127, 0, 0, 1], 9464).into(),
    }
}

settings! {
    /// Who may call.
    pub struct AuthConfig {
        /// Takes `x-tenant-id` and `x-user-id` as true, as sent by a proxy that has checked them; default: in development only.
        pub trusted_headers: Option<bool> = None,
    }
}
