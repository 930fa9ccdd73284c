//! Traffic that lets everything happen that a dashboard shows.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::scene::Scene;
use crate::check::tour::{as_ada, order};
use crate::interrupt;
use crate::run::http::Call;
use crate::run::rpc::Caller;
use crate::template_test::preset::Preset;

/// Between two rounds: a few requests a second are enough to be seen.
const PAUSE: Duration = Duration::from_millis(100);
/// Long enough that every pool is empty and callers give up.
const LOCKED_SECONDS: &str = "2";

/// What no handler can read, and what no handler is there for: the one is tried again and again, the other waits.
const JOBS: &str = "INSERT INTO jobs (name, queue, payload, metadata, run_at) VALUES \
    ('send_confirmation', 'orders', '{\"order\": 1}', '{}', now()), \
    ('of_a_version_to_come', 'orders', '{}', '{}', now())";

/// A payment gateway that takes some payments, refuses some, and fails at others; for as long as this program runs.
pub(super) fn gateway() -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for (number, stream) in listener.incoming().flatten().enumerate() {
            thread::spawn(move || answer(stream, number));
        }
    });
    Ok(address)
}

fn answer(mut stream: TcpStream, number: usize) {
    let mut head = [0; 4096];
    // A caller that is gone is a case, too.
    let _ = stream.read(&mut head);
    let status = match number % 8 {
        2 => "402 Payment Required",
        5 => "503 Service Unavailable",
        _ => "200 OK",
    };
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    let _ = stream.write_all(head.as_bytes());
}

/// `seconds` of ordinary traffic; then the database is locked, and Redis ends.
pub(super) fn all(scene: &mut Scene, preset: &Preset, seconds: u64) -> Result<()> {
    let end = Instant::now() + Duration::from_secs(seconds);
    let grpc = scene.shop.grpc.context("the preset has no gRPC")?;
    let mut caller = Caller::connect(grpc)?;
    let _open = caller.watch_orders()?;
    let mut round = 0;
    sql(preset, JOBS)?.wait()?;
    task_ends(scene)?;
    while Instant::now() < end {
        ordinary(scene, round)?;
        // The second one is refused.
        for quantity in [1, 0] {
            caller.place_order(quantity)?;
        }
        round += 1;
        interrupt::pause(PAUSE)?;
    }
    task_ends(scene)?;
    database_is_locked(scene, preset)?;
    scene.redis.kill();
    overflow(scene)?;
    for round in 0..20 {
        ordinary(scene, round)?;
        interrupt::pause(PAUSE)?;
    }
    scene.shelves.call_in_vain()
}

/// By a panic, and is started again.
fn task_ends(scene: &Scene) -> Result<()> {
    Call::get("/reconcile/13")
        .send(scene.working.http)
        .map(drop)
}

fn ordinary(scene: &Scene, round: u64) -> Result<()> {
    let shop = scene.shop.http;
    let email = format!(r#"{{"email":"user{round}@example.org","source":"web"}}"#);
    let sign_up = Call::post("/v1/users", email);
    let placed = as_ada(order(2)).send(shop)?;
    let id = placed.json()?["id"].as_str().unwrap_or("none").to_owned();
    let read = Call::get(&format!("/v1/orders/{id}"));
    // The same address twice is a conflict in the database.
    for call in [
        &sign_up,
        &sign_up,
        &read,
        &read,
        &Call::get("/v1/nothing-here"),
        &order(0),
    ] {
        as_ada(call.clone()).send(shop)?;
    }
    Call::get("/v1/orders").send(shop)?;
    // Its certificate and its limits are looked at elsewhere: here it only has to fail in every way.
    for path in ["/things/7", "/fails", "/panic", "/mine", "/sleep/400"] {
        Call::get(path).send(scene.rough.http)?;
    }
    scene.shelves.call(scene.folder.path())?;
    malformed(shop)
}

/// New series long after the first ones: that a counter has grown is seen when it was there before.
fn overflow(scene: &Scene) -> Result<()> {
    for path in ["/things/7", "/fails", "/mine"] {
        Call::post(path, "{}".to_owned()).send(scene.rough.http)?;
    }
    Ok(())
}

fn malformed(address: SocketAddr) -> Result<()> {
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(b"this is not HTTP\r\n\r\n")?;
    let mut rest = Vec::new();
    // It may close without a word.
    let _ = stream.read_to_end(&mut rest);
    Ok(())
}

/// All callers at once, and none gets far.
fn database_is_locked(scene: &Scene, preset: &Preset) -> Result<()> {
    let mut lock = lock(preset)?;
    let address = scene.shop.http;
    let callers = (0..24).map(|number| {
        thread::spawn(move || {
            interrupt::pause(Duration::from_millis(50 * number))?;
            let email = format!(r#"{{"email":"late{number}@example.org","source":"web"}}"#);
            as_ada(Call::post("/v1/users", email)).send(address)
        })
    });
    let callers: Vec<_> = callers.collect();
    for caller in callers {
        caller.join().expect("a caller does not panic")?;
    }
    lock.wait()?;
    Ok(())
}

fn lock(preset: &Preset) -> Result<Child> {
    let statement = format!(
        "BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep({LOCKED_SECONDS}); COMMIT"
    );
    sql(preset, &statement)
}

fn sql(preset: &Preset, statement: &str) -> Result<Child> {
    let url = preset
        .database_url()
        .context("the preset has no PostgreSQL")?;
    let mut psql = Command::new("psql");
    psql.args([
        "--quiet",
        "--no-psqlrc",
        "--dbname",
        &url,
        "--command",
        statement,
    ]);
    psql.stdout(Stdio::null()).stderr(Stdio::null());
    psql.spawn().context("could not run psql")
}
