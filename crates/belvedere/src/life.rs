//! From `application_started` to the last request.
//!
//! A handler that blocks its thread stops the sockets and timers of the whole main runtime, if that thread was the one that
//! watched them: tokio does not hand that on. So an idle worker is woken from outside, which takes over, and the end has the
//! admin runtime's clock, because there may be no idle worker.

use std::{
    io,
    net::SocketAddr,
    time::{Duration, Instant},
};

use belvedere_core::{BoxFuture, Health, Shutdown, health::HealthWatch, millis, names::event};
use belvedere_http::Server;
use tokio::{
    runtime::Handle,
    signal::unix::{Signal, SignalKind, signal},
    task::JoinHandle,
    time::{self, Sleep, Timeout},
};
use tracing::field::display;

use crate::{BootError, ShutdownConfig, admin::AdminListener, jobs::Running};

/// How long the other workers may be kept waiting by one that blocks. Each time costs a worker some microseconds.
const WAKE_EVERY: Duration = Duration::from_millis(500);
/// What closing the pools may take.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);
/// What the abandoned connections get to tell of their requests.
const ABORT_GRACE: Duration = Duration::from_millis(100);
/// What the server gets to end and count after an abort: its own grace of 1 s, twice.
const ABORT_TIMEOUT: Duration = Duration::from_secs(2);
/// What ends the process without a signal.
const MAIMED: &str = "critical_task_ended";
/// Exit code after a second signal.
const IMPATIENT: i32 = 1;

/// How it ended.
#[derive(Debug, Clone, Copy)]
#[must_use = "it is the exit code"]
pub struct Stopped {
    /// Connections that were cut because they did not end in time.
    pub abandoned: u32,
    /// Jobs that were cut for the same reason: another worker begins them anew.
    pub abandoned_jobs: u32,
    /// Nobody had asked for it: a critical task had ended.
    pub is_maimed: bool,
}

impl Stopped {
    /// As asked, with nothing left behind.
    pub(crate) const fn is_whole(&self) -> bool {
        self.abandoned == 0 && self.abandoned_jobs == 0 && !self.is_maimed
    }
}

pub(crate) struct Life {
    pub(crate) watch: HealthWatch,
    pub(crate) health: Health,
    /// A worker has none.
    pub(crate) server: Option<Listeners>,
    pub(crate) jobs: Option<Running>,
    pub(crate) shutdown: Shutdown,
    pub(crate) config: ShutdownConfig,
    pub(crate) at_stop: Vec<Box<dyn FnOnce() -> BoxFuture<'static, ()> + Send>>,
    pub(crate) admin: AdminListener,
}

impl std::fmt::Debug for Life {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Life")
            .field("health", &self.health)
            .finish_non_exhaustive()
    }
}

impl Life {
    pub(crate) async fn live(self, addrs: Addrs, began: Instant) -> Result<Stopped, BootError> {
        let mut signals = Signals::listen()?;
        let clock = Clock(self.admin.runtime().clone());
        clock.wake_workers_of(Handle::current());
        let Self {
            watch,
            health,
            server,
            jobs,
            shutdown,
            config,
            at_stop,
            admin: _admin,
        } = self;
        let serving = server.map(|server| serve(server, &health));
        health.mark_started();
        let startup_ms = millis(began.elapsed());
        let Addrs { http, grpc, admin } = addrs;
        let (http, grpc) = (http.map(display), grpc.map(display));
        tracing::info!(message = event::STARTED, http, grpc, admin = %admin, startup_ms);
        let (signal, is_maimed) = tokio::select! {
            signal = signals.next() => (signal, false),
            () = health.maimed() => (MAIMED, true),
        };
        clock.exit_on(signals);
        let at_work = AtWork { serving, jobs };
        let stopped = end(signal, &clock, &shutdown, &config, at_work).await;
        close(&clock, at_stop).await;
        drop(watch);
        Ok(Stopped {
            is_maimed,
            ..stopped
        })
    }
}

/// How many connections had to be cut.
type Serving = JoinHandle<Option<u32>>;

/// What is public.
#[derive(Debug)]
pub(crate) struct Listeners {
    pub(crate) http: Server,
    pub(crate) grpc: Option<Server>,
}

/// Where the listeners are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Addrs {
    pub(crate) http: Option<SocketAddr>,
    pub(crate) grpc: Option<SocketAddr>,
    pub(crate) admin: SocketAddr,
}

fn serve(listeners: Listeners, health: &Health) -> Serving {
    let run = |server: Server, name| {
        let held = health.critical_task(name);
        async move {
            let _held = held;
            server.run().await
        }
    };
    let http = run(listeners.http, "http_listener");
    let grpc = listeners.grpc.map(|grpc| run(grpc, "grpc_listener"));
    belvedere_core::spawn(async move {
        match grpc {
            None => http.await,
            Some(grpc) => {
                let (http, grpc) = tokio::join!(http, grpc);
                http + grpc
            }
        }
    })
}

/// What has to end before the pools may.
struct AtWork {
    serving: Option<Serving>,
    jobs: Option<Running>,
}

/// Ready is 503 at once, callers look away, nothing new is accepted, what is in flight ends or is cut; then jobs, by the same
/// deadline: no new one has begun since the first of these.
async fn end(
    signal: &'static str,
    clock: &Clock,
    shutdown: &Shutdown,
    config: &ShutdownConfig,
    AtWork { serving, jobs }: AtWork,
) -> Stopped {
    let drain = match &serving {
        Some(_) => config.drain_seconds.duration(),
        None => Duration::ZERO,
    };
    shutdown.drain();
    tracing::info!(
        message = event::DRAINING,
        signal,
        drain_seconds = drain.as_secs_f64()
    );
    clock.sleep(drain).await;
    shutdown.stop();
    let began = Instant::now();
    let timeout = config.timeout_seconds.duration();
    let abandoned = match serving {
        Some(serving) => end_requests(clock, shutdown, timeout, serving).await,
        None => 0,
    };
    let left = timeout.saturating_sub(began.elapsed());
    let abandoned_jobs = match jobs {
        Some(jobs) => end_jobs(clock, left, jobs).await,
        None => 0,
    };
    Stopped {
        abandoned,
        abandoned_jobs,
        is_maimed: false,
    }
}

async fn end_requests(
    clock: &Clock,
    shutdown: &Shutdown,
    timeout: Duration,
    mut serving: Serving,
) -> u32 {
    let began = Instant::now();
    let in_time = clock.timeout(timeout, &mut serving).await;
    if in_time.is_ok() {
        tracing::info!(duration_ms = millis(began.elapsed()), "requests_finished");
        return 0;
    }
    shutdown.abort();
    let abandoned = match clock.timeout(ABORT_TIMEOUT, serving).await {
        Ok(counted) => counted.ok().flatten().unwrap_or(0),
        // Every worker is blocked, and nobody can count: each has one at least.
        Err(_) => 1,
    };
    clock.sleep(ABORT_GRACE).await;
    tracing::error!(abandoned, "requests_abandoned");
    abandoned
}

async fn end_jobs(clock: &Clock, left: Duration, mut jobs: Running) -> u32 {
    if let Ok(abandoned) = clock.timeout(left, jobs.ended()).await {
        return abandoned;
    }
    jobs.cut();
    // As above: where nobody can count there is one at least.
    clock
        .timeout(ABORT_TIMEOUT, jobs.ended())
        .await
        .unwrap_or(1)
}

async fn close(clock: &Clock, at_stop: Vec<Box<dyn FnOnce() -> BoxFuture<'static, ()> + Send>>) {
    for work in at_stop.into_iter().rev() {
        if clock.timeout(CLOSE_TIMEOUT, work()).await.is_err() {
            tracing::warn!("close_timed_out");
        }
    }
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

/// Makes timers where they fire whatever handlers do.
struct Clock(Handle);

impl Clock {
    fn sleep(&self, duration: Duration) -> Sleep {
        let _made_there = self.0.enter();
        time::sleep(duration)
    }

    fn timeout<F: IntoFuture>(&self, duration: Duration, work: F) -> Timeout<F::IntoFuture> {
        let _made_there = self.0.enter();
        time::timeout(duration, work)
    }

    /// Wakes an idle worker now and then: it runs nothing, and then watches what nobody watched.
    fn wake_workers_of(&self, main: Handle) {
        let _made_there = self.0.enter();
        belvedere_core::spawn(async move {
            loop {
                time::sleep(WAKE_EVERY).await;
                // One at a time: until it has run no worker is idle, and a second would only queue behind it.
                let _ = main.spawn(async {}).await;
            }
        });
    }

    /// The second signal ends the process at once.
    fn exit_on(&self, mut signals: Signals) {
        let _made_there = self.0.enter();
        belvedere_core::spawn(async move {
            signals.next().await;
            std::process::exit(IMPATIENT);
        });
    }
}
