//! The variables of the stack and of Kubernetes, as the service itself takes them: an unknown one would stop it.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use belvedere_testing::OtlpSink;
use serde_json::Value;

use super::files::{Files, texts};
use super::rotel::Rotel;
use super::{kubernetes, stack};
use crate::check::tour::{as_ada, order};
use crate::run::http::Call;
use crate::run::service::Launch;
use crate::template_test::preset::{Preset, start_until_ready};

/// A migration that has nothing to do, and the last span of a service, on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);
/// Where each of them is, is the preset's to say.
const PLACES: [&str; 4] = [
    "DATABASE_URL",
    "REDIS_URL",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "AUTH__JWT_JWKS_URL",
];

/// With the stack's variables it serves; through a collector that is wired as the stack's, its spans arrive where Jaeger would be, and
/// its lines where Loki would.
pub(crate) fn in_the_stack(preset: &Preset) -> Result<()> {
    let files = Files::of(&preset.folder, preset.database);
    let (jaeger, loki) = (OtlpSink::start()?, OtlpSink::start()?);
    let collector = Rotel::start(&files, |endpoint| match endpoint {
        "jaeger:4317" => Some(jaeger.endpoint()),
        "http://loki:3100/otlp" => Some(loki.endpoint()),
        _ => None,
    })?;
    let compose = files.yaml(stack::FILE)?;
    let environment = compose["services"]["service"]["environment"].as_object();
    let environment = environment.context("the service has no environment")?;
    let value = |name: &str| environment.get(name).and_then(Value::as_str);
    let endpoint = value("OTEL_EXPORTER_OTLP_ENDPOINT").unwrap_or_default();
    let port = match endpoint.strip_prefix("http://otel-collector:") {
        Some("4317") => collector.grpc,
        Some("4318") => collector.http,
        _ => anyhow::bail!("{endpoint} is no port of the collector"),
    };
    let launch = preset
        .launch()
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{port}"));
    let pairs = environment.keys().map(String::as_str);
    let pairs = pairs.map(|name| (name, value(name).unwrap_or_default()));
    let (service, _) = start_until_ready(&with(launch, pairs))?;
    let answer = as_ada(order(1)).send(service.http)?;
    ensure!(answer.status == 201, "an order -> {}", answer.status);
    service.running.stop()?;
    let span = jaeger.wait_for(|span| span.name == "POST /v1/orders", LIMIT);
    ensure!(span.is_some(), "no span arrived where Jaeger would be");
    let line = loki.wait_for_log(|line| line.body == "request_completed", LIMIT);
    ensure!(line.is_some(), "no line arrived where Loki would be");
    Ok(())
}

/// With those of Kubernetes it migrates, serves, answers each probe, and works.
pub(crate) fn in_the_cluster(preset: &Preset) -> Result<()> {
    let files = Files::of(&preset.folder, preset.database);
    if !files.has(kubernetes::FOLDER) {
        return Ok(());
    }
    let kustomization = files.yaml(kubernetes::KUSTOMIZATION)?;
    let literals = &kustomization["configMapGenerator"][0]["literals"];
    // An issuer of this machine has no certificate, and production asks for one: a key stands for its tokens.
    let secret = "0123456789abcdef".repeat(4);
    let launch = |object: &Value| {
        let launch = preset.launch().env("AUTH__JWT_SECRET", &secret);
        let launch = with(launch, variables(container(object), literals));
        texts(&container(object)["args"]).fold(launch, Launch::arg)
    };
    migrates(&launch(&files.yaml("ops/k8s/migrate.yaml")?))?;
    let deployment = files.yaml("ops/k8s/deployment.yaml")?;
    let (service, _) = start_until_ready(&launch(&deployment))?;
    for path in probes(container(&deployment)) {
        let answer = Call::get(&path).send(service.admin)?;
        ensure!(answer.status == 200, "{path} -> {}", answer.status);
    }
    service.running.stop()?;
    works(&launch(&files.yaml("ops/k8s/worker.yaml")?))
}

fn migrates(launch: &Launch) -> Result<()> {
    let ended = launch.run_to_end(LIMIT)?;
    let said = ended.lines().join("\n");
    ensure!(
        ended.status.success(),
        "the migration ended with {}: {said}",
        ended.status
    );
    Ok(())
}

/// A worker has no listener for callers.
fn works(launch: &Launch) -> Result<()> {
    let running = launch.spawn()?;
    let started = running.log().wait_for(LIMIT, |line| {
        line.contains("application_started").then_some(())
    });
    let ended = running.stop()?;
    let said = ended.lines().join("\n");
    ensure!(started.is_some(), "the worker does not start: {said}");
    ensure!(
        ended.status.success(),
        "the worker ended with {}: {said}",
        ended.status
    );
    Ok(())
}

fn container(object: &Value) -> &Value {
    &object["spec"]["template"]["spec"]["containers"][0]
}

/// Those that stand there, and those of the ConfigMap where it is asked for. What the cluster fills in is left out.
fn variables<'v>(container: &'v Value, literals: &'v Value) -> Vec<(&'v str, &'v str)> {
    let own = container["env"].as_array().into_iter().flatten();
    let own = own.filter_map(|it| Some((it["name"].as_str()?, it["value"].as_str()?)));
    let mut sources = container["envFrom"].as_array().into_iter().flatten();
    let has_map = sources.any(|source| source.get("configMapRef").is_some());
    let shared = texts(literals).filter(|_| has_map);
    let shared = shared.filter_map(|literal| literal.split_once('='));
    own.chain(shared).collect()
}

fn with<'v>(launch: Launch, variables: impl IntoIterator<Item = (&'v str, &'v str)>) -> Launch {
    let own = variables
        .into_iter()
        .filter(|(name, _)| !PLACES.contains(name));
    own.fold(launch, |launch, (name, value)| launch.env(name, value))
}

fn probes(container: &Value) -> Vec<String> {
    let probes = ["startupProbe", "readinessProbe", "livenessProbe"];
    let paths = probes
        .iter()
        .filter_map(|probe| container[*probe]["httpGet"]["path"].as_str());
    paths.map(str::to_owned).collect()
}
