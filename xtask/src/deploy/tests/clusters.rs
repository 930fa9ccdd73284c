//! Kubernetes.

use super::*;

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
            (
                "component: config",
                "component: settings",
                "the ConfigMap has to be a component `config`",
            ),
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
