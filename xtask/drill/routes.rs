//! Routes that misbehave when they are called. They stand in the drilled copy of the service alone.

use std::{
    hint::black_box,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    extract::{Path, State},
    http::StatusCode,
    routing::{get, post},
};
use belvedere::Problem;
use utoipa_axum::router::OpenApiRouter;

use crate::{orders::OrderError, state::AppState};

static JAMMED: AtomicBool = AtomicBool::new(false);
/// How long the mail server takes for a confirmation, and whether it is full.
static MAIL_MS: AtomicU64 = AtomicU64::new(200);
static MAIL_FULL: AtomicBool = AtomicBool::new(false);
/// What is held and never given back.
static HELD: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());
static FILES: Mutex<Vec<std::fs::File>> = Mutex::new(Vec::new());

/// The version before has none of them.
pub fn router() -> OpenApiRouter<AppState> {
    match std::env::var_os("DRILL_VERSION_BEFORE") {
        Some(_) => OpenApiRouter::default(),
        None => faults(),
    }
}

fn faults() -> OpenApiRouter<AppState> {
    OpenApiRouter::default()
        .route("/panic", get(panic))
        .route("/jam", post(jam))
        .route("/stuck", get(stuck))
        .route("/nap/{ms}", get(nap))
        .route("/transaction", get(transaction))
        .route("/report", get(report))
        .route("/sleep/{ms}", get(sleep))
        .route("/spin", post(spin))
        .route("/hold/{mib}", post(hold))
        .route("/files/{count}", post(files))
        .route("/labels/{count}", post(labels))
        .route("/log/{count}", post(log))
        .route("/task", post(task))
        .route("/mail/{ms}/{full}", post(set_mail))
}

async fn panic() -> StatusCode {
    panic!("an order without items")
}

/// Somebody takes a lock and never gives it back.
async fn jam() -> StatusCode {
    JAMMED.store(true, Ordering::Relaxed);
    StatusCode::OK
}

async fn stuck() -> StatusCode {
    match JAMMED.load(Ordering::Relaxed) {
        true => std::future::pending().await,
        false => StatusCode::OK,
    }
}

/// Takes its time, and no thread.
async fn nap(Path(ms): Path<u64>) -> StatusCode {
    tokio::time::sleep(Duration::from_millis(ms)).await;
    StatusCode::OK
}

/// Opens a transaction, and waits for somebody else between any two statements.
async fn transaction(State(state): State<AppState>) -> Result<StatusCode, Problem> {
    let mut transaction = state.database.begin().await.map_err(OrderError::Store)?;
    for _ in 0..10 {
        let touched = sqlx::query("SELECT 1").execute(&mut transaction).await;
        touched.map_err(OrderError::Store)?;
        tokio::time::sleep(Duration::from_secs(20)).await;
    }
    Ok(StatusCode::OK)
}

/// A statement that takes its time.
async fn report(State(state): State<AppState>) -> Result<StatusCode, Problem> {
    let slept = sqlx::query("SELECT pg_sleep(120)").execute(&state.database).await;
    slept.map_err(OrderError::Store)?;
    Ok(StatusCode::OK)
}

/// Blocks the thread that it runs on, and does nothing.
async fn sleep(Path(ms): Path<u64>) -> StatusCode {
    std::thread::sleep(Duration::from_millis(ms));
    StatusCode::OK
}

/// As many tasks as there are threads, at work until the process ends.
async fn spin() -> StatusCode {
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    for _ in 0..threads {
        belvedere::spawn(async {
            loop {
                work(700);
                tokio::task::yield_now().await;
            }
        });
    }
    StatusCode::OK
}

fn work(ms: u64) {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_millis(ms) {
        black_box(begun);
    }
}

async fn hold(Path(mib): Path<usize>) -> StatusCode {
    let block = vec![1; mib << 20];
    HELD.lock().unwrap_or_else(PoisonError::into_inner).push(block);
    StatusCode::OK
}

async fn files(Path(count): Path<usize>) -> StatusCode {
    let opened = (0..count).filter_map(|_| std::fs::File::open("/dev/null").ok());
    FILES.lock().unwrap_or_else(PoisonError::into_inner).extend(opened);
    StatusCode::OK
}

/// A label out of what callers send.
async fn labels(Path(count): Path<u64>) -> StatusCode {
    for _ in 0..count {
        let basket = uuid::Uuid::now_v7().to_string();
        metrics::counter!("baskets_total", "basket" => basket).increment(1);
    }
    StatusCode::OK
}

async fn log(Path(count): Path<u64>) -> StatusCode {
    // A thread knows of no request.
    std::thread::spawn(move || {
        for number in 0..count {
            tracing::error!(number, "mail_not_sent");
        }
    });
    StatusCode::OK
}

async fn task() -> StatusCode {
    belvedere::spawn(async { panic!("a task without a plan") });
    StatusCode::OK
}

async fn set_mail(Path((ms, full)): Path<(u64, bool)>) -> StatusCode {
    MAIL_MS.store(ms, Ordering::Relaxed);
    MAIL_FULL.store(full, Ordering::Relaxed);
    StatusCode::OK
}

/// What the job that confirms an order waits for.
pub async fn mail() -> Result<(), OrderError> {
    tokio::time::sleep(Duration::from_millis(MAIL_MS.load(Ordering::Relaxed))).await;
    match MAIL_FULL.load(Ordering::Relaxed) {
        true => Err(OrderError::GatewayBroken(452)),
        false => Ok(()),
    }
}
