//! Everything that a drill needs, real and thrown away afterwards: service, PostgreSQL, Redis, gateway, callers, Prometheus,
//! Alertmanager.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use belvedere_testing::ThrowAwayRedis;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::build::{Built, NAME};
use super::desk::Desk;
use super::gateway::Gateway;
use super::load::{Callers, Load};
use super::orders;
use super::postgres::Postgres;
use super::prometheus::{self, Prometheus};
use super::service::{Service, Terms};
use crate::interrupt;
use crate::ops::alertmanager::Alertmanager;
use crate::run::command;
use crate::sync::copy_all;

const LOOK: Duration = Duration::from_millis(250);

/// What faults are injected into, and what orders mend.
pub(super) struct Site {
    pub(super) service: Service,
    pub(super) postgres: Postgres,
    pub(super) redis: Mutex<ThrowAwayRedis>,
    pub(super) gateway: Gateway,
    pub(super) load: Load,
    /// What goes on until an order ends it, such as a loop that kills.
    plague: Mutex<Option<Box<dyn Send>>>,
    /// For what strikes from beside.
    pub(super) this: Weak<Self>,
}

/// In the order in which they end.
pub(super) struct Stack {
    watch: Watch,
    pub(super) desk: Desk,
    _callers: Callers,
    pub(super) site: Arc<Site>,
    _runtime: Runtime,
    folder: TempDir,
}

/// Who looks, and who tells.
pub(super) struct Watch {
    pub(super) prometheus: Prometheus,
    pub(super) alertmanager: Alertmanager,
    _folder: TempDir,
}

impl Stack {
    pub(super) fn start(built: &Built) -> Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("belvedere-drill-")
            .tempdir()?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()?;
        let desk = Desk::open(runtime.handle())?;
        let gateway = Gateway::start(runtime.handle())?;
        let (postgres, redis) = (Postgres::start()?, ThrowAwayRedis::start()?);
        // Of its own: who else drills writes other targets there.
        let of_service = folder.path().join(NAME);
        copy_all(&built.folder, &of_service)?;
        let service = Service::new(
            &built.binary,
            &of_service,
            &folder.path().join("service.log"),
        )?
        .env("ENVIRONMENT", "development")
        .env("DATABASE_URL", postgres.url())
        .env("REDIS_URL", redis.url())
        .env("PAYMENTS__URL", gateway.url())
        .env("SHUTDOWN__DRAIN_SECONDS", "0")
        .env("SHUTDOWN__TIMEOUT_SECONDS", "2")
        // Five seconds, at the pace of all else: an open circuit tries now and then, and what comes of it is counted.
        .env("PAYMENTS__CIRCUIT_OPEN_SECONDS", "0.1");
        service.start(&Terms::default())?;
        tell_prometheus(&service)?;
        let watch = Watch::begin(folder.path(), &of_service, &desk)?;
        let (load, callers) = Load::start(service.http);
        let site = Arc::new_cyclic(|this| Site {
            service,
            postgres,
            redis: Mutex::new(redis),
            gateway,
            load,
            plague: Mutex::default(),
            this: this.clone(),
        });
        let at = Arc::clone(&site);
        desk.obey(Box::new(move |order| orders::obey(&at, order)));
        Ok(Self {
            watch,
            desk,
            _callers: callers,
            site,
            _runtime: runtime,
            folder,
        })
    }

    pub(super) const fn watch(&self) -> &Watch {
        &self.watch
    }

    /// Whoever looks knows nothing of what was before: windows of hours would tell of the last drill for minutes.
    pub(super) fn watch_anew(&mut self) -> Result<()> {
        self.watch = Watch::begin(self.folder.path(), &self.site.service.folder, &self.desk)?;
        self.desk.forget();
        Ok(())
    }

    /// Waits until nothing has fired for `quiet` on end.
    pub(super) fn wait_until_healthy(&self, quiet: Duration, limit: Duration) -> Result<()> {
        let deadline = Instant::now() + limit;
        let mut since = Instant::now();
        while since.elapsed() < quiet {
            let firing = self.watch.prometheus.firing()?;
            if !firing.is_empty() || !self.watch.prometheus.sees_all()? {
                since = Instant::now();
            }
            if Instant::now() > deadline {
                bail!(
                    "it is not healthy after {limit:?}: {} fires",
                    firing.join(", ")
                );
            }
            interrupt::pause(LOOK)?;
        }
        Ok(())
    }
}

impl Site {
    /// Everything as on a healthy day.
    pub(super) fn heal(&self) -> Result<()> {
        self.end_plague();
        self.load.usual();
        self.gateway.mend()?;
        if !self.postgres.is_up() {
            self.postgres.restart()?;
        }
        self.postgres.let_write()?;
        self.postgres.run("ALTER ROLE shop LOGIN")?;
        // `PONG` or nothing.
        if self.redis().ask("PING").is_err() {
            self.redis().start_again()?;
        }
        // Whoever looks anew takes a counter that he has not seen before for one that has just begun.
        self.service.restart()?;
        // A night is over every 24 minutes.
        orders::obey(self, "report-orders")?;
        tell_prometheus(&self.service)
    }

    /// Lasts until somebody ends it.
    pub(super) fn strike(&self, plague: impl Send + 'static) {
        *self.plague() = Some(Box::new(plague));
    }

    pub(super) fn end_plague(&self) {
        let plague = self.plague().take();
        // It may end by looking here.
        drop(plague);
    }

    fn plague(&self) -> MutexGuard<'_, Option<Box<dyn Send>>> {
        self.plague.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn redis(&self) -> MutexGuard<'_, ThrowAwayRedis> {
        self.redis.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// As the service's README says: `make targets`.
pub(super) fn tell_prometheus(service: &Service) -> Result<()> {
    let mut make = Command::new("make");
    make.arg("targets").current_dir(&service.folder);
    make.env("REPLICAS", service.admin.to_string());
    command::capture(&mut make).map(drop)
}

/// The file that it wrote.
pub(super) fn targets(service: &Service) -> PathBuf {
    service.folder.join("ops/prometheus/targets/service.yml")
}

impl Watch {
    fn begin(around: &Path, service: &Path, desk: &Desk) -> Result<Self> {
        let folder = tempfile::tempdir_in(around)?;
        let shipped = service.join("ops/alertmanager/alertmanager.yml");
        let text = fs::read_to_string(&shipped).with_context(|| shipped.display().to_string())?;
        let config = folder.path().join("alertmanager.yml");
        fs::write(&config, prometheus::alertmanager(&text, desk.address())?)?;
        let alertmanager = Alertmanager::start(&config)?;
        let prometheus = Prometheus::start(service, alertmanager.address)?;
        Ok(Self {
            prometheus,
            alertmanager,
            _folder: folder,
        })
    }
}

/// The label `service` of the drilled service's alerts.
pub(super) const SERVICE: &str = NAME;
