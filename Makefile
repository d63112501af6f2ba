# kafkascope: `make demo` runs the main job, `make test` runs every check. Both set up .venv first.

VENV ?= .venv
# The newest interpreter is not the best one here: 3.11 and later all work, so the plain one is taken.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 \
	&& { echo $$p; break; }; done)
BIN := $(VENV)/bin
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help demo race test lint screenshots samples bench soak clean

help: ## what can be made
	@awk -F':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(VENV)/.demo: pyproject.toml
	@test -n "$(PYTHON)" || { echo "kafkascope needs Python 3.11 or newer with venv: apt-get install python3 python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(VENV)/.test: pyproject.toml $(VENV)/.demo
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[test]'
	@touch $@

demo: $(VENV)/.demo ## start a broker under the best probe, send real records through it, open the stage
	$(BIN)/kafkascope demo

race: $(VENV)/.demo ## the same bytes through read-write, mmap and sendfile, as one table
	$(BIN)/kafkascope race

test: $(VENV)/.test ## lint, types, layers, house numbers and every test
	$(BIN)/python -m pytest -n $(WORKERS)

lint: $(VENV)/.test ## format and lint in place
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/mypy

screenshots: $(VENV)/.test ## draw screenshots/ again from the bundled trace
	$(BIN)/python -m app.screenshots
	$(BIN)/python -m app.map_picture screenshots/dump-log-map.svg

samples: $(VENV)/.demo ## record traces/samples/ again (root and bcc, so that nothing is left unseen)
	$(BIN)/kafkascope demo --no-tui --probe bpf --output-dir /tmp/kafkascope-sample
	cp /tmp/kafkascope-sample/demo.trace traces/samples/journey.trace

bench: $(VENV)/.test ## speed, as ratios against the bare system calls
	$(BIN)/python -m pytest -n 0 tests/benchmarks -s --override-ini addopts= -o python_files='bench_*.py'

soak: $(VENV)/.test ## the long campaigns: kills, gigabytes, a million records
	$(BIN)/python -m pytest -n 0 tests/soak -s --override-ini addopts= -o python_files='soak_*.py'

clean: ## remove .venv and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache build ./*.egg-info
