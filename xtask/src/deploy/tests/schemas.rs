//! What the schemas and the linter of others refuse.

use super::*;

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
