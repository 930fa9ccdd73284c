//! The image, and what CI does.

use super::*;

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
            (" GRPC__ADDR=0.0.0.0:50051", "", "no `GRPC__ADDR"),
            (
                "COPY runbooks runbooks\n",
                "",
                "`runbooks`, which the service reads",
            ),
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
