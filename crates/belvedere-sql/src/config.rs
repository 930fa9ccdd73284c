use belvedere_core::{ConnectionUrl, config::Seconds, settings};

settings! {
    /// The database.
    pub struct DatabaseConfig {
        /// Where it is: `sqlite://file.db`, `sqlite::memory:` or `postgres://user:password@host/database`.
        pub url: Option<ConnectionUrl> = None,
        /// Connections at most, per replica.
        pub pool_size: u32 = 10,
        /// Replicas at most, all of which share the server: the start warns when their pools together are more than it takes.
        pub replicas: u32 = 1,
        /// How long a statement waits for a free connection before it fails.
        pub acquire_timeout_seconds: Seconds = Seconds::new(2),
        /// How long one request waits for its database in all, for connections and statements together, before it is
        /// answered 503. Work beside a request has no such limit. 0: none.
        pub request_limit_seconds: Seconds = Seconds::new(2),
        /// How long PostgreSQL lets a statement run, whoever waits for it; migrations may take longer. 0: for ever.
        pub statement_timeout_seconds: Seconds = Seconds::new(30),
        /// How long PostgreSQL lets a transaction be idle before it ends the connection. 0: for ever.
        pub idle_in_transaction_timeout_seconds: Seconds = Seconds::new(30),
        /// A statement that takes this many milliseconds or longer is logged as `slow_query`.
        pub slow_query_ms: u64 = 1000,
        /// Whether statements carry a comment that names application and route (sqlcommenter), for the server's own log.
        pub comment_tags: bool = false,
        /// Whether statements of kept traces carry `traceparent` as well. Such a statement is not prepared: it costs more.
        pub comment_traceparent: bool = false,
    }
}
