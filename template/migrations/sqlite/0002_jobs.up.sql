-- Work outside of requests, read and written by belvedere's workers: docs/JOBS.md of belvedere has what may be done by hand.
-- Times are seconds since 1970.
CREATE TABLE jobs (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    queue       TEXT NOT NULL,
    name        TEXT NOT NULL,
    -- Of one name, a key comes once.
    key         TEXT,
    payload     TEXT NOT NULL,
    -- Whose request asked for it: traceparent, request_id, tenant_id, user_id.
    metadata    TEXT NOT NULL,
    -- `done` is kept for its key, `dead` for somebody to look at.
    state       TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'running', 'done', 'dead')),
    attempts    INTEGER NOT NULL DEFAULT 0,
    run_at      REAL NOT NULL,
    -- Who runs it, and until when it is that worker's.
    worker      TEXT,
    lease_until REAL,
    last_error  TEXT,
    created_at  REAL NOT NULL DEFAULT (unixepoch('subsec')),
    finished_at REAL
);

CREATE UNIQUE INDEX jobs_name_key ON jobs (name, key) WHERE key IS NOT NULL;
CREATE INDEX jobs_waiting ON jobs (run_at) WHERE state = 'waiting';
CREATE INDEX jobs_running ON jobs (worker) WHERE state = 'running';
CREATE INDEX jobs_done ON jobs (finished_at) WHERE state = 'done';

-- One row for each schedule, for all replicas together.
CREATE TABLE job_schedules (
    name         TEXT PRIMARY KEY,
    created_at   REAL NOT NULL DEFAULT (unixepoch('subsec')),
    last_tick    REAL NOT NULL DEFAULT (unixepoch('subsec')),
    last_success REAL
);
