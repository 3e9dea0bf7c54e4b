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
# rust-analyzer's crates are compiled anew whenever this variable comes or goes (they ask for it with `option_env!`).
unexport CI
export CARGO_TERM_PROGRESS_WHEN ?= never
# The prebuilt cargo subcommands, if the machine has none of its own. `make tools` installs them.
TOOLS := $(VENV_ROOT)/.venv-tools
export PATH := $(PATH):$(TOOLS)/bin:$(CACHE)/tools/bin

venv = $(VENV_ROOT)/.venv-$(1)/ok

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

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

.PHONY: test test-rust test-doc test-roundtrip test-kernel test-clients test-icechunk test-hdf5-c
# No `-p`: every target builds the same selection of packages, so that dependencies are compiled with one set of features (tests/features.rs).
test: test-rust test-doc test-roundtrip test-kernel ## all tests: Rust, doctests, what others read of what we write, the kernel from outside

test-rust: tools cells
	cargo nextest run --release --locked --no-fail-fast

test-doc:
	cargo test --release --locked --doc

test-roundtrip: build $(call venv,roundtrip)
	$(VENV_ROOT)/.venv-roundtrip/bin/python tests/roundtrip/roundtrip.py $(TARGET)/release/terracube

# Apart: the feature changes those of shared dependencies, so that the readers' tree is compiled once more.
test-icechunk: ## Icechunk repositories (the feature `icechunk`)
	cargo test --release --locked -p terracube-readers --features icechunk --test repository

# The C library is compiled with cmake, once, for some minutes.
test-hdf5-c: $(call venv,hdf5-c) ## what only the C library of HDF5 reads (the feature `hdf5-c`)
	PATH=$(VENV_ROOT)/.venv-hdf5-c/bin:$$PATH cargo test --release --locked --features hdf5-c --test netcdf

test-kernel: cells $(call venv,kernel) $(call venv,demo)
	$(VENV_ROOT)/.venv-kernel/bin/python kernel/tests/jupyter/conformance.py
	$(VENV_ROOT)/.venv-kernel/bin/python kernel/tests/jupyter/messages.py
	$(VENV_ROOT)/.venv-kernel/bin/python kernel/tests/jupyter/session.py
	$(VENV_ROOT)/.venv-kernel/bin/python kernel/tests/jupyter/bad_days.py
	mkdir -p $(OUT)
	cd $(OUT) && $(TARGET)/release/terracube run $(CURDIR)/notebooks/operations.ipynb -o operations.ipynb -r data=$(IRIS)

test-clients: cells $(call venv,clients) ## notebooks under nbclient, papermill and nbconvert, and what `terracube run` makes of them
	$(VENV_ROOT)/.venv-clients/bin/pip install --quiet --no-deps --no-build-isolation ./python/papermill
	$(VENV_ROOT)/.venv-clients/bin/python kernel/tests/jupyter/clients.py

.PHONY: test-console test-wheel test-jupyterhub
test-console: cells $(call venv,lab) ## a person at jupyter_console: results, a question, an error, an interrupt
	$(VENV_ROOT)/.venv-lab/bin/python kernel/tests/jupyter/console.py

test-wheel: wheel ## the wheel in a fresh virtual environment, and a notebook run there by nbclient
	$(PYTHON) python/wheel/try_wheel.py $(TARGET)/wheels

PROXY := $(VENV_ROOT)/.hub-proxy
$(PROXY)/ok: requirements/hub-proxy/package-lock.json
	mkdir -p $(PROXY)
	cp requirements/hub-proxy/package*.json $(PROXY)
	npm ci --silent --no-audit --no-fund --prefix $(PROXY)
	touch $@

test-jupyterhub: cells $(call venv,hub) $(PROXY)/ok ## four users of a JupyterHub at once, and what they hold; wants Node.js and 1.5 GB of disk
	$(VENV_ROOT)/.venv-hub/bin/python kernel/tests/jupyter/hub_users.py $(PROXY)/node_modules/.bin/configurable-http-proxy

.PHONY: test-hubs
test-hubs: cells ## an installation with its own compiler where hubs put people: nothing on PATH, noexec or full /tmp, another user
	$(PYTHON) kernel/tests/jupyter/hubs.py

# ---- expected values
.PHONY: golden-cases
golden-cases: $(call venv,golden) ## write tests/golden anew with xarray; look at the diff before committing it
	$(VENV_ROOT)/.venv-golden/bin/python tests/golden/generate.py

.PHONY: cases
cases: ## every golden case, as stored and in other chunks: what passed, failed or is not supported, by row of the table of features
	cargo test --quiet --release --locked --test golden -- --nocapture | grep -v '^$$\|^running\|^test result\|^\.$$'

.PHONY: golden
golden: ## real files of SHARED (../shared) against the reference's values
	cargo run --quiet --release --locked --example golden -- $(SHARED)

.PHONY: fuzz fuzz-kernel hostile
FUZZ_SECONDS ?= 60
fuzz: ## damaged input for every parser of ours, for a minute (FUZZ_SECONDS)
	cargo run --quiet --release --locked --example fuzz -- $(FUZZ_SECONDS)

fuzz-kernel: ## bytes that no front end sends, through the kernel's wire decoder (PROPTEST_CASES)
	PROPTEST_CASES=$${PROPTEST_CASES:-100000} cargo nextest run --release --locked --lib -E 'test(fuzz) or test(printed_bytes)'

hostile: ## the same with the real files of SHARED (../shared)
	cargo run --quiet --release --locked --example fuzz -- $(FUZZ_SECONDS) $(SHARED)/data

# ---- what is built
.PHONY: build cells
# All packages at once, here and in the tests: Cargo then compiles each dependency with one set of features, once.
build: ## everything, above all the `terracube` command
	cargo build --release --locked

cells: build ## the library that notebook cells are compiled against, laid down as a kit beside the command
	$(TARGET)/release/terracube-kit

.PHONY: wheel
wheel: cells ## the wheel `terracube-kernel` with command, kernel and kit, in target/wheels
	$(PYTHON) python/wheel/make_wheel.py $(TARGET)/release $(TARGET)/wheels

# ---- tools that are not ours
.PHONY: tools
tools:
	@requirements/make-tools $(TOOLS) $(CACHE)/tools

# `$(call venv,NAME)` is the virtual environment of requirements/NAME.txt.
$(VENV_ROOT)/.venv-%/ok: requirements/%.txt
	requirements/make-venv $(@D) -r $<
	touch $@

# ---- side by side
BENCH_MB ?= 1500
BENCH_ROUNDS ?= 3
BENCH_DATA := $(CACHE)/bench/$(BENCH_MB)
BENCH_PYTHON := env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE $(VENV_ROOT)/.venv-bench/bin/python

.PHONY: bench bench-data
bench-data: $(call venv,bench)
	for part in era5 tiny ocean s2; do \
	    test -f $(BENCH_DATA)/$$part/complete || { $(BENCH_PYTHON) benches/make_data.py $(BENCH_DATA) --size-mb $(BENCH_MB) --only $$part; touch $(BENCH_DATA)/$$part/complete; }; \
	done
	for part in raw points quarter long; do \
	    test -f $(BENCH_DATA)/$$part/complete || { $(BENCH_PYTHON) benches/make_more_data.py $(BENCH_DATA) --only $$part; touch $(BENCH_DATA)/$$part/complete; }; \
	done

bench: bench-data ## ours, xarray + dask and bare decoding, side by side; writes benches/RESULTS.md (BENCH_MB, BENCH_ROUNDS)
	cargo build --release --locked --bin terracube-bench
	$(BENCH_PYTHON) benches/compare.py $(BENCH_DATA) --ours $(TARGET)/release/terracube-bench --rounds $(BENCH_ROUNDS)

.PHONY: bench-remote bench-scaling bench-budgets bench-larger
bench-remote: bench-data ## a mean over a store behind 50 ms and 1 Gbit/s (a proxy on loopback)
	cargo build --release --locked --bin terracube-bench
	$(BENCH_PYTHON) benches/remote.py $(BENCH_DATA) --ours $(TARGET)/release/terracube-bench

bench-budgets: bench-data ## the table again under 1 GB, and under half and a quarter of what each row claims
	cargo build --release --locked --bin terracube-bench
	$(BENCH_PYTHON) benches/budgets.py $(BENCH_DATA) --ours $(TARGET)/release/terracube-bench

bench-larger: ## 80 GB from a synthetic source and a store of 40 GB, each within 2 GB
	cargo run --quiet --release --locked -p terracube-cube --example larger_than_memory
	cargo run --quiet --release --locked --example larger_than_memory_store -- $(CACHE)/bench/larger

bench-scaling: bench-data ## how the time goes with cores and with data
	cargo build --release --locked --bin terracube-bench
	$(BENCH_PYTHON) benches/scaling.py $(BENCH_DATA) --ours $(TARGET)/release/terracube-bench

# ---- shows
OUT := $(CURDIR)/out
# The kernel as Jupyter finds it, installed beside the build and not among the user's own.
PREFIX := $(TARGET)/jupyter
IRIS = $$($(VENV_ROOT)/.venv-demo/bin/python -c 'import iris_sample_data; print(iris_sample_data.path)')
WITH_KERNEL = JUPYTER_PATH=$(PREFIX)/share/jupyter $(VENV_ROOT)/.venv-lab/bin/python

.PHONY: demo lab screens latency install-beside chromium
demo: cells $(call venv,demo) ## run the quickstart notebook on real data; prints the notebook and an HTML page
	mkdir -p $(OUT)
	rm -rf $(OUT)/nino34.zarr
	cd $(OUT) && $(TARGET)/release/terracube run $(CURDIR)/notebooks/quickstart.ipynb -o quickstart.ipynb -r data=$(IRIS)
	$(VENV_ROOT)/.venv-demo/bin/jupyter-nbconvert --log-level WARN --to html $(OUT)/quickstart.ipynb
	@echo $(OUT)/quickstart.ipynb
	@echo $(OUT)/quickstart.html

install-beside: cells
	$(TARGET)/release/terracube install --prefix $(PREFIX) --kit-in-place

chromium:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || { \
	    [ "$$(id -u)" = 0 ] || { echo 'make lab needs Chromium: sudo apt-get install chromium' >&2; exit 1; }; \
	    apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; }

lab: install-beside chromium $(call venv,lab) $(call venv,demo) ## the quickstart notebook in JupyterLab and a real browser, with a screenshot
	mkdir -p $(OUT)
	TERRACUBE_SAMPLE_DATA=$(IRIS) $(WITH_KERNEL) tests/lab/run_in_lab.py notebooks/quickstart.ipynb $(OUT)/quickstart-lab.ipynb $(OUT)/quickstart-lab.png

screens: install-beside chromium $(call venv,lab) ## what an analyst sees in JupyterLab: bar, interrupt, errors, completion, inspection, restart
	mkdir -p $(OUT)
	$(WITH_KERNEL) tests/lab/screens.py $(OUT)

# Evcxr's own kernel, for comparison; ten minutes to compile, once.
EVCXR := $(CACHE)/evcxr
.PHONY: evcxr-beside
evcxr-beside: ## evcxr's own kernel beside ours, for `make latency`
	test -x $(EVCXR)/bin/evcxr_jupyter || CARGO_TARGET_DIR=$(EVCXR)/target cargo install --locked --root $(EVCXR) evcxr_jupyter
	mkdir -p $(PREFIX)/share/jupyter/kernels/rust
	echo '{"argv": ["$(EVCXR)/bin/evcxr_jupyter", "--control_file", "{connection_file}"], "display_name": "Rust (evcxr)", "language": "rust"}' > $(PREFIX)/share/jupyter/kernels/rust/kernel.json

LATENCY_LONG ?= 1000
latency: install-beside $(call venv,lab) $(call venv,demo) ## how long cells take and what kernel and child hold, beside ipykernel and evcxr's kernel (`make evcxr-beside`), and a session of 1,000 cells; wants an idle machine
	$(WITH_KERNEL) tests/lab/latency.py $(IRIS)/A1B_north_america.nc --long $(LATENCY_LONG)
