//! The observable contract's names: each is written here and nowhere else.

/// Metric names, in the order of the contract.
pub mod metric {
    /// Counter by `method`, `path`, `status`.
    pub const HTTP_REQUESTS: &str = "http_requests_total";
    /// Histogram by `method`, `path`, in seconds.
    pub const HTTP_REQUEST_DURATION: &str = "http_request_duration_seconds";
    /// Histogram by `method`, `path`, in bytes.
    pub const HTTP_REQUEST_SIZE: &str = "http_request_size_bytes";
    /// Histogram by `method`, `path`, in bytes.
    pub const HTTP_RESPONSE_SIZE: &str = "http_response_size_bytes";
    /// Gauge by `method`, `path`.
    pub const HTTP_REQUESTS_ACTIVE: &str = "http_requests_active";
    /// Histogram by `package`, `service`, `method`, `status_code`, in seconds.
    pub const GRPC_RESPONSE_TIME: &str = "grpc_response_time_seconds";
    /// Gauge by `package`, `service`, `method`.
    pub const GRPC_ACTIVE_REQUESTS: &str = "grpc_active_requests";
    /// Gauge.
    pub const GRPC_ACTIVE_CONNECTIONS: &str = "grpc_active_connections";
    /// Counter by `reason`: refused before a request head was parsed.
    pub const HTTP_CONNECTIONS_REJECTED: &str = "http_connections_rejected_total";
    /// Histogram by `upstream`, `method`, `status`, in seconds.
    pub const HTTP_CLIENT_DURATION: &str = "http_client_request_duration_seconds";
    /// Counter by `upstream`: tries after the first.
    pub const HTTP_CLIENT_RETRIES: &str = "http_client_retries_total";
    /// Histogram by `upstream`, `method`, `status_code`, in seconds.
    pub const RPC_CLIENT_DURATION: &str = "rpc_client_call_duration_seconds";
    /// Counter by `upstream`: tries after the first.
    pub const RPC_CLIENT_RETRIES: &str = "rpc_client_retries_total";
    /// Gauge, in seconds since 1970: when the certificate of the public listener ends.
    pub const TLS_CERT_NOT_AFTER: &str = "tls_cert_not_after_seconds";
    /// Histogram by `db_system_name`, `db_operation_name`, `db_collection_name`, in seconds.
    pub const DB_OPERATION_DURATION: &str = "db_client_operation_duration_seconds";
    /// Counter by `db_system_name`, `error_type`.
    pub const DB_ERRORS: &str = "db_client_errors_total";
    /// Counter by `db_system_name`, `db_operation_name`.
    pub const SLOW_QUERIES: &str = "slow_queries_total";
    /// Gauge: connections of the pool, in use or idle.
    pub const ACTIVE_DATABASE_CONNECTIONS: &str = "active_database_connections";
    /// Gauge by `db_system_name`, `state` (`used`, `idle`).
    pub const DB_CONNECTION_COUNT: &str = "db_client_connection_count";
    /// Gauge by `db_system_name`.
    pub const DB_CONNECTION_MAX: &str = "db_client_connection_max";
    /// Gauge by `db_system_name`: callers that wait for a connection.
    pub const DB_CONNECTION_PENDING: &str = "db_client_connection_pending_requests";
    /// Counter by `db_system_name`: callers that waited in vain.
    pub const DB_CONNECTION_TIMEOUTS: &str = "db_client_connection_timeouts_total";
    /// Histogram by `db_system_name`, in seconds.
    pub const DB_CONNECTION_WAIT_TIME: &str = "db_client_connection_wait_time_seconds";
    /// Counter by `cache`, `result` (`hit`, `miss`, `error`).
    pub const CACHE_REQUESTS: &str = "cache_requests_total";
    /// Counter by `job`, `outcome` (`ok`, `retried`, `dead`): runs that have ended.
    pub const JOBS: &str = "jobs_total";
    /// Histogram by `job`, in seconds.
    pub const JOB_DURATION: &str = "job_duration_seconds";
    /// Gauge by `queue`, `state` (`waiting`, `delayed`, `running`, `dead`): of all replicas together.
    pub const JOB_QUEUE_DEPTH: &str = "job_queue_depth";
    /// Gauge by `queue`, in seconds: how long the oldest job that could run has waited.
    pub const JOB_QUEUE_OLDEST: &str = "job_queue_oldest_seconds";
    /// Gauge by `job`, in seconds since 1970: jobs on a schedule.
    pub const JOB_LAST_SUCCESS: &str = "job_last_success_timestamp_seconds";
    /// Gauge 0/1 by `dependency`.
    pub const DEPENDENCY_UP: &str = "dependency_up";
    /// Gauge 0/1.
    pub const SERVICE_READY: &str = "service_ready";
    /// Counter by `where` (`handler`, `body`, `task`, `job`).
    pub const PANICS: &str = "panics_total";
    /// Counter by `task`: tasks that ended before the process, and were started again.
    pub const TASK_RESTARTS: &str = "task_restarts_total";
    /// Counter by `level` (`trace`, `debug`, `info`, `warn`, `error`, `critical`).
    pub const LOG_EVENTS: &str = "log_events_total";
    /// Counter by `reason`: callers that were not known.
    pub const AUTH_FAILURES: &str = "auth_failures_total";
    /// Counter by `limit` (`ip`, `principal`): callers forgotten before their time, because there were too many.
    pub const RATE_LIMIT_EVICTIONS: &str = "rate_limit_evictions_total";
    /// Counter by `signal` (`logs`, `traces`, `metrics`, `errors`), `reason`.
    pub const TELEMETRY_DROPPED: &str = "telemetry_dropped_total";
    /// Counter by `metric`: label sets past its budget.
    pub const METRICS_LABEL_OVERFLOW: &str = "metrics_label_overflow_total";
    /// Gauge by `slo` (`availability`, `latency`).
    pub const SLO_OBJECTIVE: &str = "slo_objective_ratio";
    /// Counter by `slo` (`availability`, `latency`), `outcome` (`good`, `bad`).
    pub const SLO_REQUESTS: &str = "slo_requests_total";
    /// Gauge: distinct users of the last 15 minutes in this replica.
    pub const ACTIVE_USERS: &str = "active_users";
    /// Gauge = 1 by `version`, `commit`, `rustc`.
    pub const BUILD_INFO: &str = "build_info";
    /// Counter, in seconds.
    pub const PROCESS_CPU: &str = "process_cpu_seconds_total";
    /// Gauge.
    pub const PROCESS_RESIDENT_MEMORY: &str = "process_resident_memory_bytes";
    /// Gauge.
    pub const PROCESS_VIRTUAL_MEMORY: &str = "process_virtual_memory_bytes";
    /// Gauge.
    pub const PROCESS_OPEN_FDS: &str = "process_open_fds";
    /// Gauge.
    pub const PROCESS_MAX_FDS: &str = "process_max_fds";
    /// Gauge, in seconds since 1970.
    pub const PROCESS_START_TIME: &str = "process_start_time_seconds";
    /// Gauge.
    pub const PROCESS_THREADS: &str = "process_threads";
    /// Counter by `direction` (`read`, `write`): what went to and came from disks.
    pub const PROCESS_IO: &str = "process_io_bytes_total";
    /// Gauge.
    pub const TOKIO_WORKERS: &str = "tokio_workers";
    /// Counter, in seconds, of all workers together.
    pub const TOKIO_WORKERS_BUSY: &str = "tokio_workers_busy_seconds_total";
    /// Gauge: spawned and not ended.
    pub const TOKIO_ALIVE_TASKS: &str = "tokio_alive_tasks";
    /// Gauge: tasks that are ready, and taken by no worker yet.
    pub const TOKIO_QUEUE_DEPTH: &str = "tokio_global_queue_depth";
    /// Histogram, in seconds.
    pub const TOKIO_SCHEDULER_LAG: &str = "tokio_scheduler_lag_seconds";
}

/// Histogram buckets.
pub mod buckets {
    /// Request and client durations, in seconds.
    pub const HTTP_SECONDS: [f64; 14] = [
        0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
    ];
    /// Statement durations, in seconds.
    pub const DB_SECONDS: [f64; 9] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0];
    /// Message sizes, in bytes.
    pub const SIZE_BYTES: [f64; 6] = [100.0, 1e3, 1e4, 1e5, 1e6, 1e7];
    /// How long a task that is ready waits for a thread, in seconds.
    pub const LAG_SECONDS: [f64; 9] = [0.001, 0.002, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0];

    /// The buckets of a histogram, by its name.
    pub fn of(name: &str) -> &'static [f64] {
        match name {
            super::metric::DB_OPERATION_DURATION => &DB_SECONDS,
            super::metric::TOKIO_SCHEDULER_LAG => &LAG_SECONDS,
            name if name.ends_with("_bytes") => &SIZE_BYTES,
            _ => &HTTP_SECONDS,
        }
    }
}

/// Event names: the `message` of the log lines that others rely on.
pub mod event {
    /// The process has read its configuration.
    pub const STARTING: &str = "application_starting";
    /// Which signals are on, and why.
    pub const TELEMETRY_CONFIGURED: &str = "telemetry_configured";
    /// A back end does not take what it is sent; told once for each time that it breaks.
    pub const TELEMETRY_EXPORT_FAILED: &str = "telemetry_export_failed";
    /// It does again.
    pub const TELEMETRY_EXPORT_RECOVERED: &str = "telemetry_export_recovered";
    /// A back end takes what it is sent, and objects to something; told once for each time that it begins.
    pub const TELEMETRY_EXPORT_WARNED: &str = "telemetry_export_warned";
    /// Sentry does not take what it is sent.
    pub const ERRORS_EXPORT_FAILED: &str = "errors_export_failed";
    /// The process had to go before all of its spans had left.
    pub const TRACES_NOT_FLUSHED: &str = "traces_not_flushed";
    /// The database answered.
    pub const DATABASE_OK: &str = "database_connection_ok";
    /// The database did not answer in time.
    pub const DATABASE_FAILED: &str = "database_connection_failed";
    /// Redis answered, or does so again.
    pub const REDIS_OK: &str = "redis_connection_ok";
    /// Redis does not answer; told once for each time that it stops.
    pub const REDIS_FAILED: &str = "redis_connection_failed";
    /// The start failed for another reason.
    pub const NOT_STARTED: &str = "application_not_started";
    /// Every listener is bound.
    pub const STARTED: &str = "application_started";
    /// The end has begun.
    pub const DRAINING: &str = "application_draining";
    /// The last line of a life.
    pub const STOPPED: &str = "application_stopped";
    /// One for each accepted request.
    pub const REQUEST_COMPLETED: &str = "request_completed";
    /// A 5xx or a panic, told once.
    pub const UNHANDLED_EXCEPTION: &str = "unhandled_exception";
    /// A statement took longer than it should.
    pub const SLOW_QUERY: &str = "slow_query";
    /// A statement takes longer than it should, and has not ended yet.
    pub const SLOW_QUERY_RUNNING: &str = "slow_query_running";
    /// All replicas together may open more connections than the server takes.
    pub const DATABASE_POOL_TOO_LARGE: &str = "database_pool_too_large";
    /// Somebody who is not known wanted what is for callers that are.
    pub const CALLER_REFUSED: &str = "caller_refused";
    /// The issuer of tokens does not hand out its keys; told once for each time that it begins.
    pub const JWKS_FAILED: &str = "jwks_failed";
    /// It does again.
    pub const JWKS_RECOVERED: &str = "jwks_recovered";
    /// Too many calls of an upstream failed: it is not called for a while.
    pub const CIRCUIT_OPENED: &str = "upstream_circuit_opened";
    /// A few calls are let through, to see.
    pub const CIRCUIT_HALF_OPEN: &str = "upstream_circuit_half_open";
    /// They failed, too.
    pub const CIRCUIT_REOPENED: &str = "upstream_circuit_reopened";
    /// They were answered: the upstream is called again.
    pub const CIRCUIT_CLOSED: &str = "upstream_circuit_closed";
    /// A run of a job has done its work.
    pub const JOB_COMPLETED: &str = "job_completed";
    /// A run of a job has failed and will be repeated.
    pub const JOB_RETRIED: &str = "job_retried";
    /// Jobs whose worker has died, or was cut off from the database, are handed to another.
    pub const JOBS_RECOVERED: &str = "jobs_recovered";
    /// The queue cannot be read or written; told once for each time that it begins.
    pub const JOB_QUEUE_FAILED: &str = "job_queue_failed";
    /// It can again.
    pub const JOB_QUEUE_RECOVERED: &str = "job_queue_recovered";
    /// What a schedule asked for was put into the queue.
    pub const JOB_SCHEDULED: &str = "job_scheduled";
    /// The end came before all running jobs had ended.
    pub const JOBS_ABANDONED: &str = "jobs_abandoned";
    /// The certificate of the public listener was replaced.
    pub const TLS_RELOADED: &str = "tls_certificate_reloaded";
    /// The files of the certificate have changed and cannot be used: the one before stays.
    pub const TLS_RELOAD_FAILED: &str = "tls_certificate_reload_failed";
    /// A task that is to run as long as the process has ended, and is started again.
    pub const TASK_RESTARTED: &str = "task_restarted";
    /// The log queue was full.
    pub const LOG_EVENTS_DROPPED: &str = "log_events_dropped";
    /// The admin listener can be reached from elsewhere, and nobody may change anything there.
    pub const ADMIN_WITHOUT_TOKEN: &str = "admin_without_token";
    /// Somebody, or the end of a time limit, changed the level of a target.
    pub const LOG_LEVEL_CHANGED: &str = "log_level_changed";
    /// Somebody, or the end of a time limit, changed the share of traces that is kept.
    pub const SAMPLING_CHANGED: &str = "sampling_changed";
    /// Somebody takes a profile of the process.
    pub const PROFILE_TAKEN: &str = "profile_taken";
}

/// Log targets that mean something.
pub mod target {
    /// Who changed what runs. Written whatever the level.
    pub const AUDIT: &str = "belvedere::audit";
}

/// Log keys, in their order.
pub mod field {
    /// What every line begins with, in a request or outside.
    pub const HEAD: [&str; 7] = [
        "timestamp",
        "level",
        "message",
        "target",
        "service",
        "environment",
        "version",
    ];
    /// 32 hex digits.
    pub const TRACE_ID: &str = "trace_id";
    /// 16 hex digits.
    pub const SPAN_ID: &str = "span_id";
    /// `00` or `01`.
    pub const TRACE_FLAGS: &str = "trace_flags";
    /// The `x-request-id`.
    pub const REQUEST_ID: &str = "request_id";
    /// The caller's tenant.
    pub const TENANT_ID: &str = "tenant_id";
    /// The caller.
    pub const USER_ID: &str = "user_id";
    /// One of the nine methods, or `_OTHER`.
    pub const METHOD: &str = "method";
    /// The path without its query.
    pub const PATH: &str = "path";
    /// The route template.
    pub const ROUTE: &str = "route";

    /// All of them.
    pub const CONTEXT: [&str; 9] = [
        TRACE_ID,
        SPAN_ID,
        TRACE_FLAGS,
        REQUEST_ID,
        TENANT_ID,
        USER_ID,
        METHOD,
        PATH,
        ROUTE,
    ];
}

/// A route that no template matched.
pub const UNMATCHED: &str = "unmatched";

/// The last segment of a nested service's template, after its prefix: the label of such a route ends in `*`.
pub const NESTED_REST: &str = "{*belvedere_rest}";

#[cfg(test)]
mod tests;
