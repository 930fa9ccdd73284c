//! The gRPC listener: where there is one, it can be reached; where there is none, nothing speaks of it.

use anyhow::Result;

use super::files::Files;

const PROTO: &str = "proto/orders.proto";
/// What says it, and in which words.
const WORDS: [(&str, &str); 7] = [
    ("Dockerfile", "GRPC__ADDR=0.0.0.0:50051"),
    ("Dockerfile", "EXPOSE 8000 9464 50051"),
    ("config/production.toml", "addr = \"0.0.0.0:50051\""),
    ("ops/compose.yaml", "\"127.0.0.1:50051:50051\""),
    ("ops/k8s/deployment.yaml", "containerPort: 50051"),
    ("ops/k8s/networkpolicy.yaml", "port: 50051"),
    ("ops/k8s/service.yaml", "targetPort: grpc"),
];

pub(super) fn check(files: &Files) -> Result<Vec<String>> {
    let is_served = files.has(PROTO);
    let mut found = Vec::new();
    for (file, words) in WORDS.into_iter().filter(|(file, _)| files.has(file)) {
        if files.text(file)?.contains(words) != is_served {
            let fault = if is_served {
                "no"
            } else {
                "there is no gRPC for"
            };
            found.push(files.fault(file, &format!("{fault} `{words}`")));
        }
    }
    Ok(found)
}
