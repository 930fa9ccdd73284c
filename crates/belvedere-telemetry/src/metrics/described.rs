//! The help texts of what the framework measures itself.

use belvedere_core::names::metric;
use metrics::SharedString;

use super::registry::Registry;

pub(super) fn describe(registry: &Registry) {
    for (name, help) in COUNTERS.into_iter().chain(GAUGES).chain(HISTOGRAMS) {
        registry.describe(name, SharedString::const_str(help));
    }
}

const COUNTERS: [(&str, &str); 20] = [
    (metric::JOBS, "Runs of jobs that have ended, by how."),
    (
        metric::AUTH_FAILURES,
        "Callers that were not known, by what was wrong.",
    ),
    (
        metric::RATE_LIMIT_EVICTIONS,
        "Callers whose use of a limit was forgotten early, because there were too many.",
    ),
    (
        metric::HTTP_CLIENT_RETRIES,
        "Calls to named upstreams that were sent again.",
    ),
    (
        metric::RPC_CLIENT_RETRIES,
        "Calls by gRPC to named upstreams that were sent again.",
    ),
    (
        metric::HTTP_REQUESTS,
        "Requests completed, by method, route template and status.",
    ),
    (
        metric::HTTP_CONNECTIONS_REJECTED,
        "Connections refused before a request head was parsed.",
    ),
    (
        metric::DB_ERRORS,
        "Statements that failed, by SQLSTATE or class.",
    ),
    (
        metric::DB_CONNECTION_TIMEOUTS,
        "Waits for a connection that were given up.",
    ),
    (
        metric::SLOW_QUERIES,
        "Statements slower than DATABASE__SLOW_QUERY_MS.",
    ),
    (metric::CACHE_REQUESTS, "Look-ups in a cache, by result."),
    (metric::PANICS, "Panics caught, by place."),
    (
        metric::TASK_RESTARTS,
        "Tasks that ended before the process and were started again.",
    ),
    (metric::LOG_EVENTS, "Log lines written, by level."),
    (
        metric::TELEMETRY_DROPPED,
        "Records lost on their way out, by signal and reason.",
    ),
    (
        metric::METRICS_LABEL_OVERFLOW,
        "Label sets past a metric's budget, told as _overflow.",
    ),
    (
        metric::SLO_REQUESTS,
        "Requests answered, by whether they were good by the service's objectives.",
    ),
    (metric::PROCESS_CPU, "Time on processors, in seconds."),
    (
        metric::PROCESS_IO,
        "What came from disks and went to them, in bytes.",
    ),
    (
        metric::TOKIO_WORKERS_BUSY,
        "Time that the workers were not idle, all together, in seconds.",
    ),
];

const GAUGES: [(&str, &str); 25] = [
    (
        metric::JOB_QUEUE_DEPTH,
        "Jobs of a queue, of all replicas together.",
    ),
    (
        metric::JOB_QUEUE_OLDEST,
        "How long the oldest job that could run has waited, in seconds.",
    ),
    (
        metric::JOB_LAST_SUCCESS,
        "When a job on a schedule last succeeded, in seconds since 1970.",
    ),
    (
        metric::GRPC_ACTIVE_REQUESTS,
        "Calls accepted and not yet completed.",
    ),
    (
        metric::GRPC_ACTIVE_CONNECTIONS,
        "Connections to the gRPC listener that are open.",
    ),
    (
        metric::HTTP_REQUESTS_ACTIVE,
        "Requests accepted and not yet completed.",
    ),
    (
        metric::ACTIVE_DATABASE_CONNECTIONS,
        "Connections to the database that are open.",
    ),
    (
        metric::DB_CONNECTION_COUNT,
        "Connections of the pool, used or idle.",
    ),
    (
        metric::DB_CONNECTION_MAX,
        "Connections that the pool may open.",
    ),
    (
        metric::DB_CONNECTION_PENDING,
        "Statements that wait for a connection.",
    ),
    (
        metric::DEPENDENCY_UP,
        "1 while the dependency's last check passed, or its circuit is closed.",
    ),
    (
        metric::TLS_CERT_NOT_AFTER,
        "When the certificate of the public listener ends, in seconds since 1970.",
    ),
    (metric::SERVICE_READY, "1 while /health/ready answers 200."),
    (
        metric::SLO_OBJECTIVE,
        "Share of requests that has to be good.",
    ),
    (
        metric::ACTIVE_USERS,
        "Distinct users of the last fifteen minutes in this replica, about.",
    ),
    (metric::BUILD_INFO, "1; the labels say what is running."),
    (metric::PROCESS_RESIDENT_MEMORY, "Memory in use, in bytes."),
    (metric::PROCESS_VIRTUAL_MEMORY, "Memory mapped, in bytes."),
    (metric::PROCESS_OPEN_FDS, "Descriptors that are open."),
    (metric::PROCESS_MAX_FDS, "Descriptors that may be open."),
    (
        metric::PROCESS_START_TIME,
        "When the process began, in seconds since 1970.",
    ),
    (metric::PROCESS_THREADS, "Threads of the process."),
    (metric::TOKIO_WORKERS, "Threads that run handlers."),
    (
        metric::TOKIO_ALIVE_TASKS,
        "Tasks that were spawned and have not ended.",
    ),
    (
        metric::TOKIO_QUEUE_DEPTH,
        "Tasks that are ready, and that no worker has taken yet.",
    ),
];

const HISTOGRAMS: [(&str, &str); 10] = [
    (metric::JOB_DURATION, "Runs of jobs, in seconds."),
    (
        metric::RPC_CLIENT_DURATION,
        "Calls to named upstreams by gRPC, by status, in seconds.",
    ),
    (
        metric::GRPC_RESPONSE_TIME,
        "From the head of a call to its trailers, by method and status, in seconds.",
    ),
    (
        metric::HTTP_REQUEST_DURATION,
        "From the parsed head to the end of the response body, in seconds.",
    ),
    (
        metric::HTTP_REQUEST_SIZE,
        "Request bodies, declared or as read, in bytes.",
    ),
    (
        metric::HTTP_RESPONSE_SIZE,
        "Response bodies, as handed to the connection, in bytes.",
    ),
    (
        metric::HTTP_CLIENT_DURATION,
        "Calls to named upstreams, in seconds.",
    ),
    (
        metric::DB_OPERATION_DURATION,
        "Statements, from their start to their last row, in seconds.",
    ),
    (
        metric::DB_CONNECTION_WAIT_TIME,
        "Waits for a connection of the pool, in seconds.",
    ),
    (
        metric::TOKIO_SCHEDULER_LAG,
        "How much later than due a timer was seen to, once a second, in seconds.",
    ),
];
