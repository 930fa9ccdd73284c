//! Each check is seen to refuse a generated service that is broken in one place, and to name that place.

use std::fs;

use super::*;

/// A service with everything, generated for one test.
struct Copy {
    files: Files,
    _around: tempfile::TempDir,
}

impl Copy {
    fn new() -> Self {
        let around = tempfile::tempdir().unwrap();
        let checkout = Checkout::find().unwrap();
        let folder = generate(&checkout, around.path(), "postgres", true).unwrap();
        Self {
            files: Files::of(&folder, "postgres"),
            _around: around,
        }
    }

    /// Does something with `old` replaced, once, in one file; then puts it back.
    fn with<T>(&self, file: &str, old: &str, new: &str, look: impl FnOnce(&Files) -> T) -> T {
        let path = self.files.path(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(old), "{file} has no {old}");
        fs::write(&path, text.replacen(old, new, 1)).unwrap();
        let seen = look(&self.files);
        fs::write(&path, text).unwrap();
        seen
    }

    /// Each change is found without running a program, and named by file and fault.
    fn refuses(&self, file: &str, changes: &[(&str, &str, &str)]) {
        for (old, new, said) in changes {
            let found = self.with(file, old, new, written).unwrap();
            assert!(
                found
                    .iter()
                    .any(|fault| fault.starts_with(file) && fault.contains(said)),
                "{old} -> {new}: {found:#?}"
            );
        }
    }
}

#[test]
fn what_is_generated_is_in_order() {
    let found = written(&Copy::new().files).unwrap();
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn an_image_that_is_large_open_or_told_secrets_is_named() {
    let copy = Copy::new();
    copy.refuses(
        "Dockerfile",
        &[
            (
                "rust:1.95.0-bookworm",
                "rust:latest",
                "rust:latest has no pinned tag",
            ),
            (
                "rust:1.95.0-bookworm",
                "rust",
                "the image rust has no pinned tag",
            ),
            ("nonroot@sha256:9dac", "nonroot@sha256:", "no pinned tag"),
            (
                "gcr.io/distroless/cc-debian12:nonroot",
                "debian:12.11-slim",
                "distroless",
            ),
            ("USER 65532:65532", "USER 0:0", "not root"),
            ("USER 65532:65532", "USER nonroot", "has to be a number"),
            (
                "ADMIN__ADDR=0.0.0.0:9464",
                "ADMIN__ADDR=127.0.0.1:9464",
                "ADMIN__ADDR",
            ),
            (
                "ARG GIT_COMMIT=unknown",
                "ARG REGISTRY_TOKEN",
                "stays in a layer",
            ),
            (
                "ENTRYPOINT [\"/app/shop\"]",
                "ENTRYPOINT /app/shop",
                "ENTRYPOINT",
            ),
            (
                "COPY Cargo.toml Cargo.lock ./\n",
                "COPY . .\nCOPY Cargo.toml Cargo.lock ./\n",
                "dependencies",
            ),
            ("COPY .cargo .cargo\n", "", "frame pointers"),
        ],
    );
    copy.refuses(
        ".dockerignore",
        &[
            ("*\n", "\n", "begin with"),
            ("!src\n", "!src\n!.env\n", "no place in an image"),
            ("!config\n", "", "`config` is copied"),
        ],
    );
}

#[test]
fn a_stack_that_is_open_unpinned_or_has_a_known_password_is_named() {
    Copy::new().refuses(
        stack::FILE,
        &[
            ("services:\n", "version: \"3\"\nservices:\n", "`version`"),
            (
                "grafana/grafana:12.2.1",
                "grafana/grafana:latest",
                "grafana: the image",
            ),
            (
                "prom/prometheus:v3.5.0",
                "prom/prometheus",
                "prometheus: the image",
            ),
            (
                "\"127.0.0.1:3000:3000\"",
                "\"3000:3000\"",
                "grafana: the port 3000:3000",
            ),
            (
                "\"127.0.0.1:4318:4318\"",
                "\"127.0.0.1:4319:4318\"",
                "no port 4318",
            ),
            (
                "${GRAFANA_PASSWORD:?run make stack}",
                "admin",
                "GF_SECURITY_ADMIN_PASSWORD",
            ),
            (
                "${POSTGRES_PASSWORD:?run make stack}@",
                "hunter2@",
                "DATABASE_URL",
            ),
            (
                "${REDIS_PASSWORD:?run make stack}",
                "${REDIS_PASSWORD:-redis}",
                "has to be required",
            ),
            (
                "./loki/config.yaml:",
                "./loki/loki.yaml:",
                "ops/loki/loki.yaml",
            ),
            ("\n  jaeger:\n", "\n  tempo:\n", "no service `jaeger`"),
        ],
    );
}

#[test]
fn a_wire_that_leads_nowhere_is_named() {
    let copy = Copy::new();
    copy.refuses(
        "ops/otel-collector/config.yaml",
        &[
            (
                "exporters: [otlp/jaeger]",
                "exporters: [otlp/tempo]",
                "otlp/tempo",
            ),
            (
                "endpoint: jaeger:4317",
                "endpoint: tempo:4317",
                "tempo:4317",
            ),
            ("0.0.0.0:4318", "localhost:4318", "http has to listen"),
        ],
    );
    copy.refuses(
        "ops/grafana/provisioning/datasources/datasources.yaml",
        &[
            (
                "datasourceUid: jaeger",
                "datasourceUid: tempo",
                "an exemplar to its trace",
            ),
            (
                "datasourceUid: loki",
                "datasourceUid: logs",
                "a trace to its lines",
            ),
            (
                "matcherRegex: trace_id",
                "matcherRegex: trace",
                "a line to its trace",
            ),
            (
                "http://loki:3100",
                "http://localhost:3100",
                "localhost:3100",
            ),
        ],
    );
}

#[test]
fn a_deployment_without_one_of_its_parts_is_named() {
    let copy = Copy::new();
    for file in ["ops/k8s/deployment.yaml", "ops/k8s/worker.yaml"] {
        copy.refuses(
            file,
            &[
                ("/health/live", "/health/ready", "no livenessProbe"),
                ("readinessProbe:", "readyProbe:", "no readinessProbe"),
                (
                    "path: /health/startup, port: admin",
                    "path: /health/startup, port: 8000",
                    "no startupProbe",
                ),
                ("preStop:", "postStart:", "no preStop"),
                (
                    "terminationGracePeriodSeconds: 45",
                    "terminationGracePeriodSeconds: 25",
                    "terminationGracePeriodSeconds is 25",
                ),
                ("runAsNonRoot: true", "runAsNonRoot: false", "runAsNonRoot"),
                (
                    "readOnlyRootFilesystem: true",
                    "readOnlyRootFilesystem: false",
                    "readOnlyRootFilesystem",
                ),
                ("drop: [ALL]", "drop: []", "capabilities"),
                ("type: RuntimeDefault", "type: Unconfined", "seccompProfile"),
                ("memory: 512Mi", "cpu: 2", "limits/memory"),
                (
                    "topologyKey: kubernetes.io/hostname",
                    "topologyKey: rack",
                    "spread over kubernetes.io/hostname",
                ),
                (
                    "image: shop:0.1.0",
                    "image: shop",
                    "the image `shop` has no pinned tag",
                ),
                (
                    "automountServiceAccountToken: false",
                    "automountServiceAccountToken: true",
                    "automountServiceAccountToken",
                ),
            ],
        );
    }
    copy.refuses(
        "ops/k8s/worker.yaml",
        &[("args: [worker]", "args: [work]", "[worker]")],
    );
    copy.refuses(
        "ops/k8s/migrate.yaml",
        &[("args: [migrate]", "args: []", "[migrate]")],
    );
}

#[test]
fn an_object_that_is_about_no_pod_is_named() {
    let copy = Copy::new();
    copy.refuses(
        "ops/k8s/service.yaml",
        &[
            (
                "selector: { app.kubernetes.io/name: shop,",
                "selector: { app.kubernetes.io/name: shops,",
                "leads to no pod",
            ),
            (
                "targetPort: admin",
                "targetPort: metrics",
                "no port `metrics`",
            ),
        ],
    );
    copy.refuses(
        "ops/k8s/autoscaling.yaml",
        &[
            (
                "kind: Deployment, name: shop",
                "kind: Deployment, name: shops",
                "no Deployment shops",
            ),
            ("minReplicas: 3", "minReplicas: 1", "from 1 to 10"),
            (
                "maxReplicas: 10",
                "maxReplicas: 20",
                "DATABASE__REPLICAS=20",
            ),
            ("maxUnavailable: 1", "maxUnavailable: 3", "maxUnavailable"),
        ],
    );
    copy.refuses(
        "ops/k8s/networkpolicy.yaml",
        &[
            ("matchLabels: { app.kubernetes.io/name: shop }", "matchLabels: { app.kubernetes.io/name: mall }", "leaves out the pods of shop"),
            ("[Ingress, Egress]", "[Ingress]", "policyTypes"),
            ("port: 4317", "port: 4318", "egress is closed for port 4317"),
            ("    - from:\n        - namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: monitoring } }\n      ports:", "    - ports:", "open to everybody"),
        ],
    );
    copy.refuses(
        "ops/k8s/servicemonitor.yaml",
        &[
            (
                "matchLabels: { app.kubernetes.io/name: shop }",
                "matchLabels: { app: shop }",
                "looks at no Service",
            ),
            ("port: admin", "port: http", "on the port `admin`"),
            (
                "targetLabel: service",
                "targetLabel: app",
                "no label `service`",
            ),
        ],
    );
}

#[test]
fn an_object_that_is_not_there_or_not_listed_is_named() {
    let copy = Copy::new();
    copy.refuses(
        kubernetes::KUSTOMIZATION,
        &[
            (
                "  - networkpolicy.yaml\n",
                "",
                "networkpolicy.yaml is not among the resources",
            ),
            (
                "  - service.yaml\n",
                "  - services.yaml\n",
                "services.yaml is not there",
            ),
            ("newTag: 0.1.0", "newTag: latest", "no pinned tag"),
        ],
    );
    let found = copy.with(
        "ops/k8s/autoscaling.yaml",
        "kind: PodDisruptionBudget",
        "kind: Budget",
        written,
    );
    let found = found.unwrap();
    assert!(
        found
            .iter()
            .any(|fault| fault.contains("no PodDisruptionBudget shop")),
        "{found:#?}"
    );
    let (head, fixed) = ("maxSurge: 25% }\n", "maxSurge: 25% }\n  replicas: 3\n");
    let found = copy
        .with("ops/k8s/deployment.yaml", head, fixed, written)
        .unwrap();
    assert!(
        found.len() == 1 && found[0].contains("says `replicas` too"),
        "{found:#?}"
    );
}

#[test]
fn alerts_that_kubernetes_would_not_get_are_told_and_made_again() {
    let copy = Copy::new();
    let rule = "ops/prometheus/rules/service.yml";
    let before = copy.files.text(kubernetes::RULES).unwrap();
    let mended = copy.with(rule, "for: 1m", "for: 2m", |files| {
        let found = written(files).unwrap();
        assert!(
            found.len() == 1 && found[0].contains("make prometheusrule"),
            "{found:#?}"
        );
        passwords::run_make(files.folder(), "prometheusrule").unwrap();
        written(files).unwrap()
    });
    assert_eq!(mended, Vec::<String>::new());
    passwords::run_make(copy.files.folder(), "prometheusrule").unwrap();
    assert_eq!(copy.files.text(kubernetes::RULES).unwrap(), before);
}

#[test]
fn a_workflow_that_calls_what_is_not_there_is_named() {
    Copy::new().refuses(
        workflow::FILE,
        &[
            ("make alerts", "make alarms", "no target `alarms`"),
            (
                "run: make test",
                "run: cargo test",
                "nothing runs `make test`",
            ),
            ("actions/checkout@v4", "actions/checkout", "has no version"),
        ],
    );
}

#[test]
fn what_the_schemas_and_the_linter_refuse_is_named() {
    let copy = Copy::new();
    let compose =
        |files: &Files| programs::schema(files, "vendor.compose-spec", stack::FILE).unwrap();
    let workflow =
        |files: &Files| programs::schema(files, "vendor.github-workflows", workflow::FILE).unwrap();
    let dockerfile = |files: &Files| programs::dockerfile(files).unwrap();
    let objects = |files: &Files| programs::objects(files).unwrap();
    let said = [
        (
            copy.with(stack::FILE, "read_only: true", "readonly: true", compose),
            "readonly",
        ),
        (
            copy.with(workflow::FILE, "runs-on:", "run-on:", workflow),
            "run",
        ),
        (
            copy.with("Dockerfile", "rust:1.95.0-bookworm", "rust", dockerfile),
            "DL3006",
        ),
        (
            copy.with(
                "ops/k8s/deployment.yaml",
                "periodSeconds: 2",
                "periodSeconds: two",
                objects,
            ),
            "periodSeconds",
        ),
        (
            copy.with(
                "ops/k8s/service.yaml",
                "targetPort: http",
                "target: http",
                objects,
            ),
            "target",
        ),
    ];
    for (fault, word) in said {
        assert!(
            fault.as_ref().is_some_and(|fault| fault.contains(word)),
            "{word}: {fault:?}"
        );
    }
    assert_eq!(programs::check(&copy.files).unwrap(), Vec::<String>::new());
}

#[test]
fn passwords_that_are_missing_or_known_are_told() {
    let copy = Copy::new();
    let check = |files: &Files| passwords::check(files).unwrap().join("\n");
    assert_eq!(check(&copy.files), "");
    let fewer = copy.with(
        "Makefile",
        "POSTGRES REDIS GRAFANA",
        "POSTGRES REDIS",
        check,
    );
    assert!(fewer.contains("asks for GRAFANA_PASSWORD"), "{fewer}");
    let open = copy.with("Makefile", "umask 077", "umask 022", check);
    assert!(open.contains("others can read it: 644"), "{open}");
    let known = copy.with(
        "Makefile",
        "od -An -N16 -tx1 /dev/urandom | tr -d ' \\n'",
        "echo admin",
        check,
    );
    assert!(known.contains("GRAFANA_PASSWORD can be guessed"), "{known}");
}

#[test]
fn a_prometheus_of_the_stack_that_sees_nothing_is_told() {
    let copy = Copy::new();
    let fault = copy.with(
        "ops/prometheus/prometheus.yml",
        "scrape_interval: 15s",
        "scrape_interval: 60s",
        prometheus_faults,
    );
    assert!(fault.contains("not every 15s"), "{fault}");
    let broken = copy.with(
        "ops/prometheus/rules/service.yml",
        "expr: avg",
        "expr: avg avg",
        prometheus_faults,
    );
    assert!(broken.contains("service.yml"), "{broken}");
}

fn prometheus_faults(files: &Files) -> String {
    match prometheus::check(files) {
        Ok(found) => found.join("\n"),
        Err(error) => format!("{error:#}"),
    }
}
