//! What a statement costs more for being seen, as a share of what sqlx costs itself. `benches/statement.rs` of the facade has
//! microseconds.

use belvedere_sql::Db;
use belvedere_testing::{CapturedRequest, ThrowAwayPostgres, report};
use rustix::time::{ClockId, clock_gettime};
use sqlx::{Executor, PgPool, Postgres};

use crate::helpers::connect;

const ROUNDS: usize = 15;
const STATEMENTS: usize = 30;
/// Five times what is wanted: 8 us of the 35 that sqlx takes.
const SHARE: f64 = 1.15;

/// CPU time of the process, in seconds: it does not matter what else the machine does.
fn cpu() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

async fn ask<'e, E: Executor<'e, Database = Postgres>>(executor: E) {
    let one = sqlx::query_scalar::<_, i64>("SELECT $1::bigint").bind(1_i64);
    assert_eq!(one.fetch_one(executor).await.unwrap(), 1);
}

async fn bare(pool: &PgPool) -> f64 {
    let before = cpu();
    for _ in 0..STATEMENTS {
        ask(pool).await;
    }
    cpu() - before
}

async fn seen(db: &Db<Postgres>) -> f64 {
    let before = cpu();
    for _ in 0..STATEMENTS {
        ask(db).await;
    }
    cpu() - before
}

#[tokio::test]
async fn to_be_seen_costs_a_statement_a_small_share_of_what_sqlx_takes() {
    let server = ThrowAwayPostgres::start().unwrap();
    let db = connect::<Postgres>(server.url()).await;
    let pool = db.raw_pool();
    seen(&db).await;
    let mut shares = Vec::new();
    for _ in 0..ROUNDS {
        let request = CapturedRequest::begin();
        let alone = request.run(bare(pool)).await;
        shares.push(request.run(seen(&db)).await / alone - 1.0);
    }
    shares.sort_by(f64::total_cmp);
    let share = shares[ROUNDS / 2];
    report(format_args!("seen: {share:+.2} of what it takes unseen"));
    assert!(share < SHARE, "{shares:?}");
}
