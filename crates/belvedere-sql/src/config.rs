use belvedere_core::{ConnectionUrl, config::Seconds, settings};

settings! {
    /// The database.
    pub struct DatabaseConfig {
        /// Where it is: `sqlite://file.db`, `sqlite::memory:` or `postgres://user:password@host/database`.
        pub url: Option<ConnectionUrl> = None,
        /// Connections at most, per replica.
        pub pool_size: u32 = 10,
        /// How long a statement waits for a free connection before it fails.
        pub acquire_timeout_seconds: Seconds = Seconds::new(2),
        /// A statement that takes this many milliseconds or longer is logged as `slow_query`.
        pub slow_query_ms: u64 = 1000,
    }
}
