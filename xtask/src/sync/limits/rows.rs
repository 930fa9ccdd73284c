//! Which limits there are, where the code has them, and what becomes of what is beyond.

/// A table of the page.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) title: &'static str,
    pub(super) rows: &'static [Row],
}

/// One limit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub(super) what: &'static str,
    /// Below `crates/`.
    pub(super) file: &'static str,
    /// A constant, or a knob of the section `section`.
    pub(super) name: &'static str,
    pub(super) is_bytes: bool,
    section: Option<&'static str>,
    /// Status and code of the problem.
    pub(super) refusal: Option<(u16, &'static str)>,
    then: &'static str,
}

impl Row {
    /// A number of bytes.
    pub(super) const fn bytes(what: &'static str, file: &'static str, name: &'static str) -> Self {
        Self {
            is_bytes: true,
            ..Self::of(what, file, name)
        }
    }

    /// Any other number, or a time.
    pub(super) const fn of(what: &'static str, file: &'static str, name: &'static str) -> Self {
        Self {
            what,
            file,
            name,
            is_bytes: false,
            section: None,
            refusal: None,
            then: "",
        }
    }

    /// It is a knob of this section.
    const fn knob_of(self, section: &'static str) -> Self {
        Self {
            section: Some(section),
            ..self
        }
    }

    /// Beyond it there is a problem.
    pub(super) const fn refused(self, status: u16, code: &'static str) -> Self {
        Self {
            refusal: Some((status, code)),
            ..self
        }
    }

    /// Beyond it this happens.
    const fn then(self, then: &'static str) -> Self {
        Self { then, ..self }
    }

    pub(super) fn knob(&self) -> Option<String> {
        let name = self.name.to_ascii_uppercase();
        self.section.map(|section| format!("`{section}__{name}`"))
    }

    pub(super) fn beyond(&self) -> String {
        let refusal = self
            .refusal
            .map(|(status, code)| format!("{status} `{code}`"));
        let parts = [refusal.as_deref().unwrap_or_default(), self.then];
        let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        parts.join("; ")
    }
}

const HEAD: &str = "belvedere-http/src/limits/head.rs";
const HTTP: &str = "belvedere-http/src/config.rs";
const SERVER: &str = "belvedere-http/src/server/connection.rs";
const LINE: &str = "belvedere-telemetry/src/log/line.rs";
const FIELDS: &str = "belvedere-telemetry/src/log/fields.rs";
const TELEMETRY: &str = "belvedere-telemetry/src/config.rs";
const BAGGAGE: &str = "belvedere-core/src/propagation/baggage.rs";
const STATE: &str = "belvedere-core/src/propagation/tracestate.rs";

/// All of them.
pub(super) const SECTIONS: &[Section] = &[
    Section {
        title: "A request",
        rows: &[
            Row::bytes("target", HEAD, "MAX_URI").refused(414, "uri_too_long"),
            Row::bytes("target and headers: names and values", HEAD, "MAX_HEAD")
                .refused(431, "request_header_fields_too_large"),
            Row::of("headers", HEAD, "MAX_HEADERS").refused(431, "request_header_fields_too_large"),
            Row::bytes(
                "body, also chunked, also after gzip or deflate",
                HTTP,
                "body_limit_bytes",
            )
            .knob_of("HTTP")
            .refused(413, "payload_too_large"),
            Row::of(
                "time from the head to the end of the body",
                HTTP,
                "body_timeout_seconds",
            )
            .knob_of("HTTP")
            .refused(408, "request_body_timeout"),
            Row::of(
                "levels of JSON, for the `Json` extractor",
                "belvedere-http/src/limits/depth.rs",
                "MAX_JSON_DEPTH",
            )
            .refused(400, "json_too_deep"),
            Row::of(
                "time of a handler, without waiting for its caller's body",
                HTTP,
                "timeout_seconds",
            )
            .knob_of("HTTP")
            .refused(503, "request_timeout"),
            Row::of(
                "requests handled at once, probes apart",
                HTTP,
                "max_concurrent_requests",
            )
            .knob_of("HTTP")
            .refused(503, "overloaded"),
            Row::of(
                "`retry-after` of those",
                "belvedere-http/src/limits/refusal.rs",
                "RETRY_AFTER",
            ),
            Row::of(
                "requests a second, by address; 0: any",
                HTTP,
                "rate_limit_per_ip",
            )
            .knob_of("HTTP")
            .refused(429, "too_many_requests"),
            Row::of(
                "requests a second, by tenant and user; 0: any",
                HTTP,
                "rate_limit_per_principal",
            )
            .knob_of("HTTP")
            .refused(429, "too_many_requests"),
            Row::bytes(
                "body of an order to the admin listener",
                "belvedere-http/src/admin.rs",
                "BODY_LIMIT",
            )
            .refused(413, "payload_too_large"),
            Row::bytes(
                "bearer token",
                "belvedere-http/src/identity/token/bearer.rs",
                "MAX_TOKEN",
            )
            .refused(401, "unauthorized"),
            Row::of(
                "characters of a tenant's or user's id",
                "belvedere-http/src/identity/id.rs",
                "MAX_ID",
            )
            .refused(401, "unauthorized"),
        ],
    },
    Section {
        title: "A connection",
        rows: &[
            Row::of("connections at once", HTTP, "max_connections")
                .knob_of("HTTP")
                .then("they wait in the kernel's queue"),
            Row::of("time for a head", HTTP, "header_timeout_seconds")
                .knob_of("HTTP")
                .then("closed; counted as `header_timeout`"),
            Row::of("time between two requests", HTTP, "idle_timeout_seconds")
                .knob_of("HTTP")
                .then("closed"),
            Row::of(
                "time in which nothing of a response is taken",
                "belvedere-http/src/server/accept.rs",
                "write_timeout",
            )
            .then("closed; the request ends as `client_abort`"),
            Row::bytes("head that hyper reads at all", SERVER, "MAX_HEAD_BUFFER")
                .then("a bare 431, closed; counted as `head_too_large`"),
            Row::of("HTTP/2 streams at once", SERVER, "MAX_STREAMS").then("the stream is refused"),
            Row::of("HTTP/2 resets that a peer may cause", SERVER, "MAX_RESETS")
                .then("closed; counted as `http2_flood`"),
        ],
    },
    Section {
        title: "An answer",
        rows: &[Row::bytes(
            "smallest body that is compressed",
            "belvedere-http/src/protect/compress.rs",
            "MIN_COMPRESSED",
        )
        .then("`HTTP__COMPRESSION`; for callers that accept gzip")],
    },
    Section {
        title: "What a request tells of itself",
        rows: &[
            Row::of("members of `baggage`", BAGGAGE, "MAX_MEMBERS").then("the rest is ignored"),
            Row::bytes("`baggage`", BAGGAGE, "MAX_BYTES").then("the rest is ignored"),
            Row::of("members of `tracestate`", STATE, "MAX_MEMBERS").then("it is ignored"),
            Row::bytes("`tracestate`", STATE, "MAX_BYTES").then("it is ignored"),
        ],
    },
    Section {
        title: "What others tell",
        rows: &[
            Row::of(
                "keys of an issuer",
                "belvedere-http/src/identity/jwks/set.rs",
                "MAX_KEYS",
            )
            .then("the set is refused, the last good one kept"),
            Row::bytes(
                "an issuer's keys",
                "belvedere-http/src/identity/jwks/fetch.rs",
                "MAX_BODY",
            )
            .then("the set is refused, the last good one kept"),
            Row::bytes(
                "value that a cache stores in Redis",
                "belvedere-redis/src/remote.rs",
                "MAX_BYTES",
            )
            .then("loaded each time"),
        ],
    },
    Section {
        title: "Telemetry",
        rows: &[
            Row::bytes("log line", LINE, "MAX_LINE").then("fields are left out"),
            Row::bytes("message of a line", FIELDS, "MAX_VALUE").then("cut"),
            Row::bytes("value of a field", FIELDS, "MAX_VALUE").then("cut"),
            Row::bytes(
                "lines that wait",
                "belvedere-telemetry/src/log/sink.rs",
                "CAPACITY",
            )
            .then("dropped and counted"),
            Row::of("label sets of a metric", TELEMETRY, "series_per_metric")
                .knob_of("PROMETHEUS")
                .then("`_overflow`, counted"),
            Row::of(
                "metrics",
                "belvedere-telemetry/src/metrics/registry.rs",
                "MAX_METRICS",
            )
            .then("not kept, counted"),
            Row::of(
                "spans held for a request that may yet fail",
                "belvedere-core/src/context/held.rs",
                "MAX_HELD_SPANS",
            )
            .then("dropped and counted"),
            Row::bytes(
                "spans that wait for a collector",
                "belvedere-telemetry/src/otlp/queue.rs",
                "MAX_WAITING_BYTES",
            )
            .then("dropped and counted"),
            Row::of(
                "targets with a level of their own",
                "belvedere-telemetry/src/control.rs",
                "MAX_LOGGERS",
            )
            .then("the order is refused"),
            Row::of(
                "collections of SQL statements with series of their own",
                "belvedere-sql/src/statement/shapes.rs",
                "BUDGET",
            )
            .then("`_overflow`"),
            Row::of(
                "texts of SQL statements that are not read again",
                "belvedere-sql/src/statement/texts.rs",
                "PLACES",
            )
            .then("the one before makes place"),
            Row::of(
                "events of one kind in a minute, for Sentry",
                "belvedere-sentry/src/cap.rs",
                "PER_WINDOW",
            )
            .then("dropped and counted"),
        ],
    },
];
