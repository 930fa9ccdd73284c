-- Work outside of requests, read and written by belvedere's workers: docs/JOBS.md of belvedere has what may be done by hand.
CREATE TABLE jobs (
    id          BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    queue       TEXT NOT NULL,
    name        TEXT NOT NULL,
    -- Of one name, a key comes once.
    key         TEXT,
    payload     JSONB NOT NULL,
    -- Whose request asked for it: traceparent, request_id, tenant_id, user_id.
    metadata    JSONB NOT NULL,
    -- `done` is kept for its key, `dead` for somebody to look at.
    state       TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'running', 'done', 'dead')),
    attempts    INTEGER NOT NULL DEFAULT 0,
    run_at      TIMESTAMPTZ NOT NULL,
    -- Who runs it, and until when it is that worker's.
    worker      TEXT,
    lease_until TIMESTAMPTZ,
    last_error  TEXT,
    created_at  TIMESTAMPTZ NOT NULL DEFAULT now(),
    finished_at TIMESTAMPTZ
-- Rows come and go: the vacuum has to come by more often than where they stay.
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);

CREATE UNIQUE INDEX jobs_name_key ON jobs (name, key) WHERE key IS NOT NULL;
CREATE INDEX jobs_waiting ON jobs (run_at) WHERE state = 'waiting';
CREATE INDEX jobs_running ON jobs (worker) WHERE state = 'running';
CREATE INDEX jobs_done ON jobs (finished_at) WHERE state = 'done';

-- One row for each schedule, for all replicas together.
CREATE TABLE job_schedules (
    name         TEXT PRIMARY KEY,
    created_at   TIMESTAMPTZ NOT NULL DEFAULT now(),
    last_tick    TIMESTAMPTZ NOT NULL DEFAULT now(),
    last_success TIMESTAMPTZ
);
