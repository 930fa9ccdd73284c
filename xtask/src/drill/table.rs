//! The drills: for each alert the causes that are brought about, how, and what the on-call sets before a runbook's block.

use anyhow::Result;

use super::faults::{database, dependencies, jobs, process, requests, telemetry};
use super::stack::Site;

/// What lasts until it is dropped.
pub(super) type Fault = Box<dyn Send>;

/// One cause of one alert, brought about for real.
pub(super) struct Drill {
    pub(super) alert: &'static str,
    /// As the runbook calls it.
    pub(super) cause: &'static str,
    pub(super) inject: fn(&Site) -> Result<Fault>,
    /// Variables of the runbook; `do:` is an order.
    pub(super) with: &'static [(&'static str, &'static str)],
    /// The runbook only asks, or finds whom to ask: what is wrong is ended by whoever owns it.
    pub(super) others_mend: bool,
    /// Callers come by gRPC alone.
    pub(super) is_grpc: bool,
    /// It takes all processors, and nothing can be told of what runs beside it.
    pub(super) is_alone: bool,
    /// Its runbook asks how things were an hour ago.
    pub(super) after_an_hour: bool,
}

impl Drill {
    const fn by_grpc(self) -> Self {
        Self {
            is_grpc: true,
            ..self
        }
    }

    const fn alone(self) -> Self {
        Self {
            is_alone: true,
            ..self
        }
    }

    const fn after_an_hour(self) -> Self {
        Self {
            after_an_hour: true,
            ..self
        }
    }

    /// For people.
    pub(super) fn shown(&self) -> String {
        let by = if self.is_grpc { " by gRPC" } else { "" };
        format!("{}{by}", self.cause)
    }

    const fn mended_by_others(self) -> Self {
        Self {
            others_mend: true,
            ..self
        }
    }

    /// By the name of its alert, or `Alert/cause`.
    pub(super) fn is(&self, name: &str) -> bool {
        match name.split_once('/') {
            Some((alert, cause)) => (alert, cause) == (self.alert, self.cause),
            None => name == self.alert,
        }
    }
}

const fn drill(
    alert: &'static str,
    cause: &'static str,
    inject: fn(&Site) -> Result<Fault>,
    with: &'static [(&'static str, &'static str)],
) -> Drill {
    Drill {
        alert,
        cause,
        inject,
        with,
        others_mend: false,
        is_grpc: false,
        is_alone: false,
        after_an_hour: false,
    }
}

/// Part of `make test`: the three classics, and the one that everybody has.
pub(super) const CLASSICS: [&str; 4] = [
    "ServiceDown/gone",
    "HighErrorRate/upstream",
    "SlowResponses/slow-statements",
    "DatabaseConnectionIssues/idle-in-transaction",
];

/// Proven by rule tests alone, each with the reason.
pub(super) const NOT_DRILLED: [(&str, &str); 1] = [(
    "Watchdog",
    "it fires on a healthy day; what its runbook is for is that nothing arrives",
)];

/// `KILL=yes`, and a sixtieth of the times that a runbook gives sessions.
const KILL: [(&str, &str); 4] = [
    ("KILL", "yes"),
    ("IDLE", "1 second"),
    ("LONG", "1 second"),
    ("HELD", "1 second"),
];
/// The same, as the server's owner, against somebody else's sessions.
const KILL_REPORT: [(&str, &str); 4] = [
    ("KILL", "yes"),
    ("IDLE", "1 second"),
    ("VICTIM", "'report'"),
    ("DATABASE_URL", "admin-url"),
];

pub(super) const DRILLS: &[Drill] = &[
    drill("ServiceDown", "gone", process::killed, &[]),
    drill("ServiceDown", "hangs", process::stopped, &[]),
    drill(
        "ServiceDown",
        "unreachable",
        process::wrong_target,
        &[("MEND_WAY", "do:tell-prometheus")],
    ),
    drill(
        "HighErrorRate",
        "upstream",
        dependencies::gateway_fails,
        &[],
    ),
    drill("HighErrorRate", "upstream", dependencies::grpc_fails, &[]).by_grpc(),
    drill("HighErrorRate", "database-down", database::gone, &[]),
    drill(
        "HighErrorRate",
        "database-connections",
        database::forgotten_transaction,
        &KILL,
    ),
    drill(
        "HighErrorRate",
        "read-only",
        database::read_only,
        &[("MEND_WRITES", "do:let-write")],
    ),
    drill("HighErrorRate", "panic", requests::panic, &[]),
    drill("HighErrorRate", "time-limit", requests::jam, &[]),
    drill(
        "SlowResponses",
        "slow-statements",
        database::locking_report,
        &KILL,
    ),
    drill("SlowResponses", "upstream", dependencies::gateway_late, &[]),
    drill("SlowResponses", "upstream", dependencies::grpc_late, &[]).by_grpc(),
    drill(
        "SlowResponses",
        "pool-wait",
        database::long_transactions,
        &KILL,
    ),
    drill(
        "SlowResponses",
        "blocked-workers",
        process::spinning_tasks,
        &[],
    )
    .alone(),
    drill(
        "DatabaseConnectionIssues",
        "idle-in-transaction",
        database::long_transactions,
        &KILL,
    ),
    drill(
        "DatabaseConnectionIssues",
        "lock-wait",
        database::forgotten_transaction,
        &KILL,
    ),
    drill(
        "DatabaseConnectionIssues",
        "server-gone",
        database::gone,
        &[],
    ),
    drill(
        "DatabaseConnectionIssues",
        "too-many-clients",
        database::crowded,
        &KILL_REPORT,
    ),
    drill(
        "DatabaseConnectionIssues",
        "slow-statements",
        database::long_statements,
        &KILL,
    ),
    drill(
        "DatabaseConnectionIssues",
        "small-pool",
        database::small_pool,
        &[("WIDEN", "do:restart")],
    ),
    drill("DatabaseDown", "gone", database::gone, &[]),
    drill("DatabaseDown", "hangs", database::hangs, &[]),
    drill(
        "DatabaseDown",
        "refused",
        database::refused,
        &[("MEND_LOGIN", "do:let-in")],
    ),
    drill("SlowQueries", "locks", database::forgotten_lock, &KILL),
    drill("RedisDown", "gone", dependencies::redis_gone, &[]),
    drill("RedisDown", "hangs", dependencies::redis_paused, &[]),
    drill(
        "UpstreamErrors",
        "answers-errors",
        dependencies::gateway_fails,
        &[],
    ),
    drill("UpstreamErrors", "gone", dependencies::gateway_gone, &[]),
    drill("UpstreamErrors", "hangs", dependencies::gateway_silent, &[]),
    drill("ServiceNotReady", "database", database::gone, &[]),
    drill(
        "ServiceNotReady",
        "redis",
        dependencies::required_redis_gone,
        &[],
    ),
    drill("ServiceAbsent", "not-looked-for", process::no_target, &[]),
    drill(
        "RestartLoop",
        "killed",
        process::killed_in_a_loop,
        &[("MORE_MEMORY", "do:pause")],
    ),
    drill(
        "RestartLoop",
        "told-to-end",
        process::told_to_end_in_a_loop,
        &[("PAUSE", "do:pause")],
    ),
    drill(
        "TrafficVanished",
        "callers",
        requests::nobody_asks,
        &[("ASK_CALLERS", "do:usual-callers")],
    ),
    drill(
        "ErrorBudgetBurn",
        "one-route",
        dependencies::gateway_fails,
        &[("MEND_ROUTE", "do:mend-upstream")],
    ),
    drill("LatencyBudgetBurn", "one-route", requests::slow_route, &[]),
    drill(
        "HandlerPanics",
        "one-route",
        requests::panic,
        &[("MEND_ROUTE", "do:roll-back")],
    ),
    drill("HandlerPanics", "task", process::panicking_task, &[]),
    drill(
        "RequestsStuck",
        "slow-callers",
        requests::slow_callers,
        &[("LIMIT_CALLERS", "do:usual-callers")],
    ),
    drill("EventLoopLag", "sleeping", process::sleeping_handler, &[]),
    drill("MemoryGrowth", "leak", process::leak, &[]),
    drill(
        "FileDescriptorExhaustion",
        "low-limit",
        process::low_file_limit,
        &[("RAISE_LIMIT", "do:restart")],
    ),
    drill(
        "FileDescriptorExhaustion",
        "growing",
        process::growing_files,
        &[],
    ),
    drill(
        "TelemetryDropped",
        "log-reader",
        telemetry::reader_gone,
        &[("MEND_READER", "do:restart")],
    ),
    drill(
        "TelemetryDropped",
        "collector",
        telemetry::no_collector,
        &[("MEND_COLLECTOR", "do:restart")],
    ),
    drill(
        "MetricCardinalityOverflow",
        "own-metric",
        telemetry::many_labels,
        &[("MEND_METRIC", "do:restart")],
    ),
    drill(
        "MetricCardinalityOverflow",
        "framework-metric",
        telemetry::small_budget,
        &[("MORE_SERIES", "do:restart")],
    ),
    drill(
        "LogErrorSurge",
        "background",
        telemetry::noisy_background,
        &[],
    )
    .mended_by_others(),
    drill("JobFailing", "poison", jobs::poison, &[("BURY", "do:bury")]),
    drill(
        "JobStale",
        "not-asked",
        jobs::missed_night,
        &[("RUN_JOB", "do:report-orders")],
    ),
    drill("JobQueueBacklog", "no-workers", jobs::nobody_works, &[]),
    drill("JobQueueBacklog", "failing", jobs::full_mail, &[]).mended_by_others(),
    drill("JobQueueBacklog", "slow", jobs::slow_mail, &[])
        .mended_by_others()
        .after_an_hour(),
    drill(
        "JobQueueBacklog",
        "more",
        jobs::campaign,
        &[("SCALE_WORKERS", "do:more-workers")],
    ),
    drill(
        "FailedPayments",
        "gateway-down",
        dependencies::gateway_fails,
        &[],
    ),
    drill(
        "FailedPayments",
        "refused",
        dependencies::gateway_refuses,
        &[("ASK_GATEWAY", "do:mend-upstream")],
    ),
    drill(
        "FailedPayments",
        "our-call",
        dependencies::gateway_locked,
        &[("MEND_KEY", "do:mend-upstream")],
    ),
];
