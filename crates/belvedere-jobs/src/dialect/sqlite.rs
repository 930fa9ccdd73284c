use super::{Arg, Depth, Known, Statements, Taken, bound, dialect};

dialect!(
    sqlx::Sqlite,
    "sqlite",
    Statements {
        insert: "INSERT INTO jobs (name, queue, key, payload, metadata, run_at) \
            VALUES ($1, $2, $3, $4, $5, unixepoch('subsec') + $6) \
            ON CONFLICT (name, key) WHERE key IS NOT NULL DO NOTHING RETURNING id",
        take: "UPDATE jobs SET state = 'running', attempts = attempts + 1, worker = $2, \
                lease_until = unixepoch('subsec') + $4 \
            WHERE id IN (SELECT id FROM jobs WHERE state = 'waiting' AND run_at <= unixepoch('subsec') \
                AND name IN (SELECT value FROM json_each($1)) ORDER BY run_at LIMIT $3) \
            RETURNING id, name, key, payload, metadata, attempts",
        forget: "DELETE FROM jobs WHERE worker = $2 AND state = 'running' \
            AND id IN (SELECT value FROM json_each($1))",
        done: "UPDATE jobs SET state = 'done', worker = NULL, lease_until = NULL, finished_at = unixepoch('subsec') \
            WHERE worker = $2 AND state = 'running' AND id IN (SELECT value FROM json_each($1))",
        retry: "UPDATE jobs SET state = 'waiting', worker = NULL, lease_until = NULL, \
                run_at = unixepoch('subsec') + $3, last_error = $4 \
            WHERE id = $1 AND worker = $2 AND state = 'running'",
        bury: "UPDATE jobs SET state = 'dead', worker = NULL, lease_until = NULL, \
                finished_at = unixepoch('subsec'), last_error = $3 \
            WHERE id = $1 AND worker = $2 AND state = 'running'",
        release: "UPDATE jobs SET state = 'waiting', worker = NULL, lease_until = NULL, attempts = attempts - 1 \
            WHERE worker = $1 AND state = 'running'",
        beat: "UPDATE jobs SET lease_until = unixepoch('subsec') + $2 \
            WHERE worker = $1 AND state = 'running'",
        recover: "UPDATE jobs SET state = 'waiting', worker = NULL, lease_until = NULL \
            WHERE state = 'running' AND lease_until < unixepoch('subsec')",
        purge: "DELETE FROM jobs WHERE id IN (SELECT id FROM jobs WHERE state = 'done' \
            AND finished_at < unixepoch('subsec') - $1 LIMIT 1000)",
        depths: "SELECT queue, state, count(*) AS jobs, coalesce(max(age), 0.0) AS oldest \
            FROM (SELECT queue, unixepoch('subsec') - run_at AS age, \
                CASE WHEN state = 'waiting' AND run_at > unixepoch('subsec') \
                THEN 'delayed' ELSE state END AS state FROM jobs WHERE state <> 'done') AS undone \
            GROUP BY queue, state",
        know: "INSERT INTO job_schedules (name) VALUES ($1) ON CONFLICT (name) DO NOTHING",
        schedules: "SELECT name, CAST(last_tick AS INTEGER) AS last_tick, \
                coalesce(last_success, created_at) AS last_success \
            FROM job_schedules",
        schedule: "INSERT INTO jobs (name, queue, key, payload, metadata, run_at) \
            SELECT $1, $2, $3, $4, '{}', unixepoch('subsec') \
            WHERE EXISTS (SELECT 1 FROM job_schedules WHERE name = $1 AND last_tick < $5) \
            ON CONFLICT (name, key) WHERE key IS NOT NULL DO NOTHING RETURNING id",
        ticked: "UPDATE job_schedules SET last_tick = $2 WHERE name = $1 AND last_tick < $2",
        succeeded: "UPDATE job_schedules SET last_success = unixepoch('subsec') WHERE name = $1",
    }
);
