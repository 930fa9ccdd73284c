//! Who is told what, and what mutes what: asked of `amtool`, and of an Alertmanager that runs.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::Ops;
use super::programs::refusal;
use super::rules::Rules;
use crate::interrupt;
use crate::run::http::{Call, loopback};
use crate::run::output::Lines;

/// From its start to its first answer, on a busy machine.
const START_LIMIT: Duration = Duration::from_secs(60);
/// Alerts that it has been sent are looked at within moments.
const TRIES: u32 = 200;

pub(super) fn check(ops: &Ops, rules: &Rules) -> Result<Vec<String>> {
    let mut found = check_config(ops)?;
    if found.is_empty() {
        found.extend(check_routes(ops, rules)?);
        found.extend(check_inhibition(ops)?);
    }
    Ok(found)
}

pub(super) fn check_config(ops: &Ops) -> Result<Vec<String>> {
    let mut amtool = Command::new("amtool");
    refusal(amtool.arg("check-config").arg(ops.alertmanager()))
}

/// Each alert reaches the receiver of its severity.
pub(super) fn check_routes(ops: &Ops, rules: &Rules) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for (alert, rule) in rules.alerts() {
        let receiver = match (alert, rule.labels.get("severity").map(String::as_str)) {
            ("Watchdog", _) => "dead-mans-switch",
            (_, Some("critical")) => "pager",
            (_, Some("info")) => "nobody",
            _ => "tickets",
        };
        let mut amtool = Command::new("amtool");
        amtool
            .args(["config", "routes", "test", "--config.file"])
            .arg(ops.alertmanager());
        amtool.arg(format!("--verify.receivers={receiver}"));
        amtool.args([format!("alertname={alert}"), "service=shop".to_owned()]);
        amtool.args(
            rule.labels
                .iter()
                .map(|(label, value)| format!("{label}={value}")),
        );
        let refused = refusal(&mut amtool)?;
        found.extend(
            refused
                .into_iter()
                .map(|said| format!("{alert} does not reach `{receiver}`: {said}")),
        );
    }
    Ok(found)
}

/// One alert, as Prometheus sends it, and whether it is to ring.
struct Sent {
    service: &'static str,
    alert: &'static str,
    severity: &'static str,
    kind: &'static str,
    rings: bool,
}

const fn sent(
    service: &'static str,
    alert: &'static str,
    severity: &'static str,
    kind: &'static str,
    rings: bool,
) -> Sent {
    Sent {
        service,
        alert,
        severity,
        kind,
        rings,
    }
}

/// A symptom mutes causes, a page mutes tickets; each in its own service, and nothing mutes a page but a symptom.
const NIGHT: [Sent; 9] = [
    sent("shop", "HighErrorRate", "critical", "symptom", true),
    sent("shop", "DatabaseDown", "critical", "cause", false),
    sent("shop", "SlowQueries", "warning", "cause", false),
    sent("shop", "ErrorBudgetBurn", "warning", "symptom", false),
    sent("mall", "SlowQueries", "warning", "cause", true),
    sent("mall", "ErrorBudgetBurn", "warning", "symptom", true),
    sent("bank", "DatabaseDown", "critical", "cause", true),
    sent("bank", "RedisDown", "warning", "cause", false),
    sent("", "Watchdog", "info", "watchdog", true),
];

pub(super) fn check_inhibition(ops: &Ops) -> Result<Vec<String>> {
    let running = Alertmanager::start(&ops.alertmanager())?;
    let alerts: Vec<_> = NIGHT.iter().map(Sent::as_json).collect();
    let body = serde_json::to_vec(&alerts)?;
    Call::post("/api/v2/alerts", body).send(running.address)?;
    let mut wrong = Vec::new();
    for _ in 0..TRIES {
        wrong = running.wrong()?;
        if wrong.is_empty() {
            break;
        }
        interrupt::pause(Duration::from_millis(50))?;
    }
    Ok(wrong)
}

impl Sent {
    fn as_json(&self) -> Value {
        let Self {
            service,
            alert,
            severity,
            kind,
            ..
        } = self;
        let labels =
            json!({"service": service, "alertname": alert, "severity": severity, "kind": kind});
        json!({"labels": labels})
    }

    fn is_in(&self, alert: &Value) -> bool {
        let is =
            |label: &str, value: &str| alert["labels"][label].as_str().unwrap_or_default() == value;
        is("service", self.service) && is("alertname", self.alert)
    }

    fn fault(&self, alerts: &[Value]) -> Option<String> {
        let state = alerts
            .iter()
            .find(|alert| self.is_in(alert))
            .map(|alert| &alert["status"]["state"]);
        let wanted = if self.rings { "active" } else { "suppressed" };
        let Self { service, alert, .. } = self;
        (state.and_then(Value::as_str) != Some(wanted)).then(|| {
            format!("ops/alertmanager/alertmanager.yml: {alert} of `{service}` has to be {wanted} that night; it is {state:?}")
        })
    }
}

/// A real one, on a free port, for as long as this lives.
pub(crate) struct Alertmanager {
    child: Child,
    pub(crate) address: SocketAddr,
    _storage: TempDir,
}

impl Alertmanager {
    pub(crate) fn start(config: &Path) -> Result<Self> {
        let storage = tempfile::tempdir()?;
        let mut command = Command::new("prometheus-alertmanager");
        command
            .arg("--config.file")
            .arg(config)
            .arg("--storage.path")
            .arg(storage.path())
            .args([
                "--web.listen-address=127.0.0.1:0",
                "--cluster.listen-address=",
            ])
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let child = command
            .spawn()
            .context("could not run prometheus-alertmanager")?;
        let mut running = Self {
            child,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            _storage: storage,
        };
        running.address = running.listening()?;
        Ok(running)
    }

    /// Where it listens, as it tells itself.
    fn listening(&mut self) -> Result<SocketAddr> {
        let stderr = self.child.stderr.take().context("it has no stderr")?;
        let lines = Lines::follow(stderr);
        let address = lines.wait_for(START_LIMIT, |line| {
            let said = line.contains("msg=\"Listening on\"").then_some(line)?;
            said.rsplit("address=").next().map(str::to_owned)
        });
        let address = address.with_context(|| {
            format!("Alertmanager does not listen:\n{}", lines.all().join("\n"))
        })?;
        loopback(address.trim())
    }

    /// What does not ring and should, or rings and should not.
    fn wrong(&self) -> Result<Vec<String>> {
        let answer = Call::get("/api/v2/alerts").send(self.address)?;
        let alerts: Vec<Value> = serde_json::from_value(answer.json()?)?;
        Ok(NIGHT
            .iter()
            .filter_map(|sent| sent.fault(&alerts))
            .collect())
    }
}

impl Drop for Alertmanager {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
