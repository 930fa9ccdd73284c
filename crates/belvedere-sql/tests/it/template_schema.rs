//! The template's migrations say the same in both dialects.

use std::{collections::BTreeSet, path::PathBuf};

use belvedere_sql::{Backend, Db};
use belvedere_testing::ThrowAwayPostgres;
use sqlx::{Postgres, Sqlite, migrate::Migrator};

use crate::helpers::connect;

/// Columns as `table column type nullability`, in words that both have (SQLite keeps times as TEXT or REAL, documents as TEXT, and has
/// one size of integers); keys, indexes, checks; and the rows.
const POSTGRES: [&str; 5] = [
    "SELECT table_name || ' ' || column_name || ' ' || CASE data_type WHEN 'timestamp with time zone' THEN 'TEXT' \
            WHEN 'jsonb' THEN 'TEXT' WHEN 'integer' THEN 'BIGINT' ELSE upper(data_type) END \
            || ' ' || CASE is_nullable WHEN 'NO' THEN 'NOT NULL' ELSE '' END \
     FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE '\\_sqlx%'",
    "SELECT c.conrelid::regclass || ' ' || c.contype::text || ' ' || (SELECT string_agg(a.attname, ',' ORDER BY k.n) \
            FROM unnest(c.conkey) WITH ORDINALITY AS k(attnum, n) \
            JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.attnum) \
     FROM pg_constraint c WHERE c.connamespace = 'public'::regnamespace AND c.contype IN ('p', 'u', 'f') \
       AND c.conrelid::regclass::text NOT LIKE '\\_sqlx%'",
    "SELECT tablename || ' ' || indexname FROM pg_indexes \
     WHERE schemaname = 'public' AND indexdef NOT LIKE '%UNIQUE%'",
    "SELECT name || ' ' || price_cents || ' ' || stock FROM products",
    "SELECT c.conrelid::regclass || ' ' || count(*) FROM pg_constraint c \
     WHERE c.contype = 'c' AND c.connamespace = 'public'::regnamespace GROUP BY c.conrelid",
];
const SQLITE: [&str; 5] = [
    "SELECT t.name || ' ' || c.name || ' ' || CASE upper(c.type) WHEN 'REAL' THEN 'TEXT' \
            WHEN 'INTEGER' THEN 'BIGINT' ELSE upper(c.type) END || ' ' \
            || CASE WHEN c.\"notnull\" OR c.pk THEN 'NOT NULL' ELSE '' END \
     FROM sqlite_schema t, pragma_table_info(t.name) c WHERE t.type = 'table' AND t.name NOT LIKE '\\_sqlx%' ESCAPE '\\' \
       AND t.name <> 'sqlite_sequence'",
    "SELECT t.name || ' ' || replace(i.origin, 'pk', 'p') || ' ' || group_concat(c.name, ',') \
     FROM sqlite_schema t, pragma_index_list(t.name) i, pragma_index_info(i.name) c \
     WHERE t.type = 'table' AND i.origin IN ('pk', 'u') AND t.name NOT LIKE '\\_sqlx%' ESCAPE '\\' GROUP BY t.name, i.name \
     UNION ALL SELECT t.name || ' p ' || c.name FROM sqlite_schema t, pragma_table_info(t.name) c \
     WHERE t.type = 'table' AND c.pk AND c.type = 'INTEGER' \
     UNION ALL SELECT t.name || ' f ' || group_concat(f.\"from\", ',') \
     FROM sqlite_schema t, pragma_foreign_key_list(t.name) f WHERE t.type = 'table' GROUP BY t.name, f.id",
    "SELECT tbl_name || ' ' || name FROM sqlite_schema WHERE type = 'index' AND sql NOT LIKE '%UNIQUE%'",
    "SELECT name || ' ' || price_cents || ' ' || stock FROM products",
    "SELECT name || ' ' || ((length(sql) - length(replace(sql, 'CHECK (', ''))) / 7) FROM sqlite_schema \
     WHERE type = 'table' AND sql LIKE '%CHECK (%' AND name NOT LIKE '\\_sqlx%' ESCAPE '\\'",
];

async fn migrator(dialect: &str) -> Migrator {
    let template = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../template/migrations");
    Migrator::new(template.join(dialect)).await.unwrap()
}

/// What `queries` tell of a database that is up to date.
macro_rules! described {
    ($db:expr, $queries:expr) => {{
        let mut described = Vec::new();
        for query in $queries.iter().copied() {
            let rows: Vec<String> = sqlx::query_scalar(query).fetch_all($db).await.unwrap();
            described.push(rows.into_iter().collect::<BTreeSet<_>>());
        }
        described
    }};
}

async fn undo<DB: Backend>(db: &Db<DB>, migrator: &Migrator) {
    let pool = db.raw_pool();
    migrator.undo(pool, 0).await.unwrap();
}

#[tokio::test]
async fn both_dialects_make_the_same_schema_and_take_it_back() {
    let server = ThrowAwayPostgres::start().unwrap();
    let postgres = connect::<Postgres>(server.url()).await;
    let sqlite = connect::<Sqlite>("sqlite::memory:").await;
    let migrators = (migrator("postgres").await, migrator("sqlite").await);
    for (one, other) in migrators.0.iter().zip(migrators.1.iter()) {
        assert_eq!(
            (one.version, &one.description),
            (other.version, &other.description)
        );
    }
    assert_eq!(migrators.0.iter().count(), migrators.1.iter().count());

    postgres.migrate(&migrators.0).await.unwrap();
    sqlite.migrate(&migrators.1).await.unwrap();
    let (one, other) = (described!(&postgres, POSTGRES), described!(&sqlite, SQLITE));
    for (one, other) in one.iter().zip(&other) {
        assert!(!one.is_empty());
        assert_eq!(one, other);
    }

    undo(&postgres, &migrators.0).await;
    undo(&sqlite, &migrators.1).await;
    assert!(described!(&postgres, POSTGRES[..1])[0].is_empty());
    assert!(described!(&sqlite, SQLITE[..1])[0].is_empty());
}
