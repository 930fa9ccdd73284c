//! What seeing a statement costs: CPU time of this process against sqlx alone, in rounds that alternate. PostgreSQL and the
//! collector are processes of their own: their time is not counted, that of the export is. What else runs on the machine only ever
//! adds: the least of all rounds is closest to what it costs undisturbed.
//!
//! `cargo bench -p belvedere --no-default-features --features postgres,sqlite --bench statement`
//!
//! On a busy machine instructions say more: `valgrind --tool=callgrind <its binary> --only postgres kept seen 40` runs 40 requests of 25
//! statements, and nothing else; `bare` in place of `seen` is sqlx alone. The difference of two runs is what the difference costs.
//! `-- --gate` does so for all, and fails where a statement costs more than it may.

mod gate;

use std::{
    env,
    io::{self, BufRead, BufReader, Read},
    process::{Child, Command, ExitCode, Stdio},
    sync::Arc,
    time::Duration,
};

use belvedere_core::{About, NewRequest, config::Seconds, context::Route, trace::Tracer};
use belvedere_sql::{Backend, DatabaseConfig, Db};
use belvedere_telemetry::{OtelConfig, Telemetry, TelemetryConfig};
use belvedere_testing::{OtlpSink, ThrowAwayPostgres, report};
use rustix::time::{ClockId, clock_gettime};
use sqlx::{Pool, Postgres, Sqlite, pool::PoolOptions};

/// Statements of one request: fewer than it may hold back.
const STATEMENTS: usize = 25;
/// Of a round: their spans fit into the queue.
const REQUESTS: usize = 40;
const ROUNDS: usize = 41;
/// Sends the spans of a round within that round.
const EXPORT_DELAY: Duration = Duration::from_millis(20);
const SETTLED: Duration = Duration::from_millis(80);
/// What this program is called with to be the collector.
const COLLECTOR: &str = "--collector";
/// And this, to hold instructions against their limits.
const GATE: &str = "--gate";
const SCHEMA: &str = "CREATE TABLE orders (id BIGINT PRIMARY KEY, product TEXT); INSERT INTO orders VALUES (1, 'keep')";
const ONE: &str = "SELECT product FROM orders WHERE id = $1";

macro_rules! ask {
    ($executor:expr) => {
        async {
            let one = sqlx::query_scalar::<_, String>(ONE).bind(1_i64);
            one.fetch_one($executor).await.expect("it is there");
        }
    };
}

/// Sees the same requests by sqlx alone and by the wrapper, in turn.
macro_rules! compare {
    ($db:ident, $tracer:expr, $what:expr) => {{
        let pool = &bare(&$db);
        let mut figures = Figures::default();
        for round in 0..=ROUNDS {
            let bare = cpu_of(requests($tracer, REQUESTS, || ask!(pool))).await;
            let seen = cpu_of(requests($tracer, REQUESTS, || ask!(&$db))).await;
            // The first round fills caches.
            if round > 0 {
                figures.add(bare, seen);
            }
        }
        figures.tell(concat!(stringify!($db), ", "), $what);
    }};
}

/// So many requests of one kind.
macro_rules! repeat {
    ($db:ident, $tracer:expr, $only:ident) => {{
        let pool = &bare(&$db);
        match $only.is_seen {
            true => requests($tracer, $only.times, || ask!(&$db)).await,
            false => requests($tracer, $only.times, || ask!(pool)).await,
        }
        tokio::time::sleep(SETTLED).await;
    }};
}

fn main() -> ExitCode {
    let is_asked = |what| env::args().any(|argument| argument == what);
    if is_asked(GATE) {
        return gate::gate(STATEMENTS);
    }
    if is_asked(COLLECTOR) {
        collect();
        return ExitCode::SUCCESS;
    }
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build();
    runtime.expect("a runtime").block_on(measure());
    ExitCode::SUCCESS
}

/// Until its starter is gone.
fn collect() {
    let sink = OtlpSink::start().expect("a free port");
    report(sink.endpoint());
    let _ = io::stdin().read(&mut [0]);
}

/// The collector, and where it is.
fn collector() -> (Child, String) {
    let program = env::current_exe().expect("this program");
    let mut command = Command::new(program);
    let command = command.arg(COLLECTOR);
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("the collector starts");
    let mut line = String::new();
    let out = child.stdout.take().expect("it is piped");
    BufReader::new(out).read_line(&mut line).expect("a line");
    (child, line.trim().to_owned())
}

async fn measure() {
    let (mut collector, endpoint) = collector();
    let telemetry = start(endpoint);
    let server = ThrowAwayPostgres::start().expect("a server");
    let postgres: Db<Postgres> = connect(server.url()).await;
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("shop.db");
    let sqlite: Db<Sqlite> = connect(&format!("sqlite://{}", file.display())).await;
    sqlx::raw_sql(SCHEMA)
        .execute(&postgres)
        .await
        .expect("a table");
    sqlx::raw_sql(SCHEMA)
        .execute(&sqlite)
        .await
        .expect("a table");
    let off = Tracer::off();
    let only = Only::asked();
    for (what, tracer, ratio) in [
        ("off", &off, 0.0),
        ("not-kept", telemetry.tracer(), 0.0),
        ("kept", telemetry.tracer(), 1.0),
    ] {
        tracer.sampler().set_ratio(ratio);
        match &only {
            None => {
                compare!(postgres, tracer, what);
                compare!(sqlite, tracer, what);
            }
            Some(only) if only.what != what => {}
            Some(only) if only.database == "sqlite" => repeat!(sqlite, tracer, only),
            Some(only) => repeat!(postgres, tracer, only),
        }
    }
    drop(collector.stdin.take());
    let _ = collector.wait();
}

fn start(endpoint: String) -> Telemetry {
    let config = TelemetryConfig {
        otel: OtelConfig {
            exporter_otlp_endpoint: Some(endpoint),
            bsp_schedule_delay: EXPORT_DELAY.as_millis() as u64,
            ..OtelConfig::default()
        },
        ..TelemetryConfig::default()
    };
    Telemetry::start(About::new("shop", "1.2.3"), "production", &config).expect("telemetry starts")
}

async fn connect<DB: Backend>(url: &str) -> Db<DB> {
    let config = DatabaseConfig {
        url: Some(url.into()),
        // Under valgrind everything takes longer.
        request_limit_seconds: Seconds::new(0),
        ..DatabaseConfig::default()
    };
    let connected = Db::connect(&config, Duration::from_secs(5)).await;
    connected.expect("the database is there")
}

/// A pool as sqlx makes it, of the same connections.
fn bare<DB: Backend>(db: &Db<DB>) -> Pool<DB> {
    let options = db.raw_pool().connect_options();
    PoolOptions::new().connect_lazy_with(Arc::unwrap_or_clone(options))
}

async fn requests<F: Future<Output = ()>>(tracer: &Tracer, times: usize, ask: impl Fn() -> F) {
    let route = Route::new("GET", "/v1/orders/{id}");
    for _ in 0..times {
        let context = NewRequest::new(&route, "/v1/orders/7").begin(tracer);
        let statements = async {
            for _ in 0..STATEMENTS {
                ask().await;
            }
        };
        context.clone().scope(statements).await;
        context.decide(context.is_sampled());
    }
}

/// CPU time of a statement, in microseconds.
async fn cpu_of(requests: impl Future<Output = ()>) -> f64 {
    let before = cpu();
    requests.await;
    tokio::time::sleep(SETTLED).await;
    (cpu() - before) / (REQUESTS * STATEMENTS) as f64
}

/// CPU time of the process, in microseconds.
fn cpu() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 * 1e6 + time.tv_nsec as f64 / 1e3
}

/// What is to be run, and nothing else.
#[derive(Debug)]
struct Only {
    database: String,
    what: String,
    is_seen: bool,
    times: usize,
}

impl Only {
    fn asked() -> Option<Self> {
        let mut arguments = env::args()
            .skip_while(|argument| argument != "--only")
            .skip(1);
        let mut next = || arguments.next();
        Some(Self {
            database: next()?,
            what: next()?,
            is_seen: next()? == "seen",
            times: next()?.parse().ok()?,
        })
    }
}

#[derive(Debug, Default)]
struct Figures {
    bare: Vec<f64>,
    seen: Vec<f64>,
    price: Vec<f64>,
}

impl Figures {
    fn add(&mut self, bare: f64, seen: f64) {
        self.bare.push(bare);
        self.seen.push(seen);
        self.price.push(seen - bare);
    }

    fn tell(mut self, database: &str, what: &str) {
        let of = |figures: &mut Vec<f64>, quarter: usize| {
            figures.sort_by(f64::total_cmp);
            figures[(figures.len() - 1) * quarter / 4]
        };
        report(format_args!(
            "{database}{what}: sqlx {:.1} us, seen {:+.2} us ({:+.2} to {:+.2}); undisturbed {:.1} us, seen {:.1} us",
            of(&mut self.bare, 2),
            of(&mut self.price, 2),
            of(&mut self.price, 1),
            of(&mut self.price, 3),
            of(&mut self.bare, 0),
            of(&mut self.seen, 0),
        ));
    }
}
