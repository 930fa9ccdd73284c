//! A service that burns CPU time and holds memory, for looking into it: see docs/PROFILES.md.
//!
//! `_RJEM_MALLOC_CONF=prof:true cargo run --example burning --features profiling,heap-profiling`

use std::{hint::black_box, process::ExitCode, sync::Mutex};

use axum::{Router, routing::get};
use belvedere::{Boot, BootError, Jemalloc, Stopped, about, extract::Path};

#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

static HELD: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());

fn main() -> ExitCode {
    belvedere::main(about!(), compose)
}

async fn compose(boot: Boot) -> Result<Stopped, BootError> {
    let routes = Router::new()
        .route("/burn/{rounds}", get(burn))
        .route("/hold/{mebibytes}", get(hold))
        .route("/panic", get(panics));
    boot.service().open_routes(routes).run().await
}

async fn burn(Path(rounds): Path<u64>) -> String {
    (0..rounds).fold(0, turn_the_crank).to_string()
}

/// What a profile of this service has to show.
#[inline(never)]
fn turn_the_crank(state: u64, round: u64) -> u64 {
    (0..200).fold(state ^ round, |state, turn| black_box(grind(state, turn)))
}

#[inline(never)]
fn grind(state: u64, turn: u64) -> u64 {
    let mut state = state ^ turn;
    state = black_box(state.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    state ^ (state >> 29)
}

async fn hold(Path(mebibytes): Path<usize>) -> &'static str {
    fill_the_cellar(mebibytes);
    "held"
}

/// What a profile of this service's memory has to show.
#[inline(never)]
fn fill_the_cellar(mebibytes: usize) {
    let held = (0..mebibytes).map(|_| vec![1; 1024 * 1024]);
    HELD.lock().expect("nobody panics in here").extend(held);
}

async fn panics() -> &'static str {
    panic!("as asked");
}
