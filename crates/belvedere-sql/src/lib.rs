//! sqlx, seen: an instrumented pool, slow queries, health and migrations.
