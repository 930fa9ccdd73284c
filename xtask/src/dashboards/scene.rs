//! Everything that a dashboard looks at: services in every state, their database, Redis, gateway and machine, and a Prometheus over them.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use belvedere_testing::{OtlpSink, ThrowAwayRedis};
use serde_json::json;
use tempfile::TempDir;

use super::node::NodeExporter;
use super::shelves::Shelves;
use crate::checkout::Checkout;
use crate::run::command;
use crate::run::prometheus::Prometheus;
use crate::run::service::{Launch, Service};
use crate::template_test::preset::{Preset, start_until_ready};

/// What the targets call it.
pub(super) const SERVICE: &str = "shop";
/// Nobody listens there: lines that are sent to it are lost, and counted.
const NOWHERE: &str = "http://127.0.0.1:1";

/// All of it ends when this is dropped.
pub(super) struct Scene {
    pub(super) prometheus: Prometheus,
    /// The generated service.
    pub(super) shop: Service,
    /// The example whose routes panic, fail and sleep.
    pub(super) rough: Service,
    /// The example that works beside its requests.
    pub(super) working: Service,
    pub(super) sink: OtlpSink,
    pub(super) redis: ThrowAwayRedis,
    pub(super) shelves: Shelves,
    _tls: Service,
    _node: NodeExporter,
    pub(super) folder: TempDir,
}

impl Scene {
    /// `gateway` takes the payments.
    pub(super) fn start(checkout: &Checkout, preset: &Preset, gateway: SocketAddr) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let (sink, redis) = (OtlpSink::start()?, ThrowAwayRedis::start()?);
        let launch = preset
            .launch()
            .env("REDIS_URL", redis.url())
            .env("PAYMENTS__URL", format!("http://{gateway}/"))
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", sink.endpoint())
            .env("OTEL_LOGS_EXPORTER", "otlp")
            .env("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", NOWHERE)
            // They are given up while somebody looks.
            .env("OTEL_BLRP_EXPORT_TIMEOUT", "1000")
            .env("DATABASE__SLOW_QUERY_MS", "0")
            .env("DATABASE_POOL_SIZE", "2")
            .env("DATABASE__ACQUIRE_TIMEOUT_SECONDS", "0.3")
            .env("SLO__LATENCY_SECONDS", "0.25");
        let (shop, _) = start_until_ready(&launch)?;
        let rough = example(checkout, "rough", folder.path())?;
        let tls = certificate(rough.clone(), folder.path())?.start()?;
        let rough = rough.env("PROMETHEUS__SERIES_PER_METRIC", "2").start()?;
        let working = example(checkout, "working", folder.path())?.start()?;
        let node = NodeExporter::start()?;
        let shelves = Shelves::start(checkout, folder.path())?;
        let [front, back] = shelves.admin();
        let services = [
            shop.admin,
            rough.admin,
            working.admin,
            tls.admin,
            front,
            back,
        ];
        let prometheus = watch(&checkout.template(), &services, node.address)?;
        Ok(Self {
            prometheus,
            shop,
            rough,
            working,
            sink,
            redis,
            shelves,
            _tls: tls,
            _node: node,
            folder,
        })
    }
}

/// One of the facade's examples: built by the workspace's tests before; else here.
pub(super) fn example(checkout: &Checkout, name: &str, folder: &Path) -> Result<Launch> {
    let mut cargo = command::cargo(checkout.root(), &checkout.target());
    cargo.args([
        "build",
        "--quiet",
        "--package",
        "belvedere",
        "--all-features",
    ]);
    command::capture(cargo.args(["--example", name]))?;
    let binary = checkout.target().join("debug/examples").join(name);
    Ok(Launch::new(binary, folder).on_free_ports())
}

/// With a certificate of a day.
fn certificate(launch: Launch, folder: &Path) -> Result<Launch> {
    let (certificate, key) = (folder.join("cert.pem"), folder.join("key.pem"));
    let mut openssl = Command::new("openssl");
    openssl
        .args([
            "req",
            "-x509",
            "-nodes",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
        ])
        .args(["-days", "1", "-subj", "/CN=localhost", "-keyout"])
        .arg(&key)
        .arg("-out")
        .arg(&certificate);
    command::capture(&mut openssl).context("a certificate is needed")?;
    Ok(launch
        .env("HTTP__TLS_CERT_FILE", certificate)
        .env("HTTP__TLS_KEY_FILE", key))
}

/// Every second, with the template's own rules.
fn watch(template: &Path, services: &[SocketAddr], node: SocketAddr) -> Result<Prometheus> {
    let folder = tempfile::tempdir()?;
    fs::create_dir(folder.path().join("rules"))?;
    for path in crate::sync::files(&template.join("ops/prometheus/rules"))? {
        let rules = fs::read_to_string(&path)?.replace("interval: 1m", "interval: 1s");
        fs::write(
            folder
                .path()
                .join("rules")
                .join(path.file_name().unwrap_or_default()),
            rules,
        )?;
    }
    let services: Vec<_> = services.iter().map(ToString::to_string).collect();
    // JSON is YAML.
    let config = json!({
        "global": { "scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s" },
        "rule_files": ["rules/*.yml"],
        "scrape_configs": [
            { "job_name": "services", "static_configs": [{ "targets": services, "labels": { "service": SERVICE } }] },
            { "job_name": "nodes", "static_configs": [{ "targets": [node.to_string()] }] },
        ],
    });
    fs::write(folder.path().join("prometheus.yml"), config.to_string())?;
    Prometheus::start(folder, &["--enable-feature=exemplar-storage".to_owned()])
}
