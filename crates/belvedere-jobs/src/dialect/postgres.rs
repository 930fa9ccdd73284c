use super::{Arg, Depth, Known, Statements, Taken, bound, dialect};

dialect!(
    sqlx::Postgres,
    "postgresql",
    Statements {
        insert: "INSERT INTO jobs (name, queue, key, payload, metadata, run_at) \
            VALUES ($1, $2, $3, $4::jsonb, $5::jsonb, now() + make_interval(secs => $6)) \
            ON CONFLICT (name, key) WHERE key IS NOT NULL DO NOTHING RETURNING id",
        // Materialized, because a plan may run a subquery with a limit more than once.
        take: "WITH due AS MATERIALIZED (SELECT id FROM jobs WHERE state = 'waiting' AND run_at <= now() \
                AND name IN (SELECT json_array_elements_text($1::json)) \
                ORDER BY run_at LIMIT $3 FOR UPDATE SKIP LOCKED) \
            UPDATE jobs SET state = 'running', attempts = attempts + 1, worker = $2, \
                lease_until = now() + make_interval(secs => $4) \
            WHERE id IN (SELECT id FROM due) \
            RETURNING id, name, key, payload::text AS payload, metadata::text AS metadata, attempts",
        forget: "DELETE FROM jobs WHERE worker = $2 AND state = 'running' \
            AND id IN (SELECT json_array_elements_text($1::json)::bigint)",
        done: "UPDATE jobs SET state = 'done', worker = NULL, lease_until = NULL, finished_at = now() \
            WHERE worker = $2 AND state = 'running' \
            AND id IN (SELECT json_array_elements_text($1::json)::bigint)",
        retry: "UPDATE jobs SET state = 'waiting', worker = NULL, lease_until = NULL, \
                run_at = now() + make_interval(secs => $3), last_error = $4 \
            WHERE id = $1 AND worker = $2 AND state = 'running'",
        bury: "UPDATE jobs SET state = 'dead', worker = NULL, lease_until = NULL, finished_at = now(), last_error = $3 \
            WHERE id = $1 AND worker = $2 AND state = 'running'",
        release: "UPDATE jobs SET state = 'waiting', worker = NULL, lease_until = NULL, attempts = attempts - 1 \
            WHERE worker = $1 AND state = 'running'",
        beat: "UPDATE jobs SET lease_until = now() + make_interval(secs => $2) \
            WHERE worker = $1 AND state = 'running'",
        recover: "WITH lost AS MATERIALIZED (SELECT id FROM jobs WHERE state = 'running' AND lease_until < now() \
                LIMIT 1000 FOR UPDATE SKIP LOCKED) \
            UPDATE jobs SET state = 'waiting', worker = NULL, lease_until = NULL WHERE id IN (SELECT id FROM lost)",
        purge: "DELETE FROM jobs WHERE id IN (SELECT id FROM jobs WHERE state = 'done' \
            AND finished_at < now() - make_interval(secs => $1) LIMIT 1000)",
        depths: "SELECT queue, state, count(*) AS jobs, \
                coalesce(extract(epoch FROM max(age)), 0)::float8 AS oldest \
            FROM (SELECT queue, now() - run_at AS age, CASE WHEN state = 'waiting' AND run_at > now() \
                THEN 'delayed' ELSE state END AS state FROM jobs WHERE state <> 'done') AS undone \
            GROUP BY queue, state",
        know: "INSERT INTO job_schedules (name) VALUES ($1) ON CONFLICT (name) DO NOTHING",
        schedules: "SELECT name, extract(epoch FROM last_tick)::bigint AS last_tick, \
                extract(epoch FROM coalesce(last_success, created_at))::float8 AS last_success \
            FROM job_schedules",
        schedule: "INSERT INTO jobs (name, queue, key, payload, metadata, run_at) \
            SELECT $1, $2, $3, $4::jsonb, '{}', now() \
            WHERE EXISTS (SELECT 1 FROM job_schedules WHERE name = $1 AND last_tick < to_timestamp($5)) \
            ON CONFLICT (name, key) WHERE key IS NOT NULL DO NOTHING RETURNING id",
        ticked: "UPDATE job_schedules SET last_tick = to_timestamp($2) \
            WHERE name = $1 AND last_tick < to_timestamp($2)",
        succeeded: "UPDATE job_schedules SET last_success = now() WHERE name = $1",
    }
);
