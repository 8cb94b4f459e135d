# `make` alone prints this help; plain pip and uv work too (see CONTRIBUTING.md).
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory
# Hundreds of processes are started by the tests: each would compile everything where Python may not write it down.
export PYTHONDONTWRITEBYTECODE :=

# The first Python that is new enough; `make install PYTHON=/opt/python3.13/bin/python3` decides otherwise.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$p"; break; }; done)
BIN := .venv/bin
INSTALLED := .venv/.installed
# They wait for processes more than they compute: four keep two cores busy.
WORKERS ?= 4
# In the order of the files: by their number of tests, the few that take long would come last, and alone.
PYTEST := $(BIN)/pytest -n $(WORKERS) --dist loadscope --no-loadscope-reorder

.PHONY: help install demo test test-all lint format crash bench big docs lock clean

help: ## Print this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(INSTALLED) ## Make .venv with everything, from the hashed locks

$(INSTALLED): requirements-dev.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: make install PYTHON=/path/to/python3" >&2; exit 1; }
	test -x $(BIN)/python || "$(PYTHON)" -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: install ## Run the hub and its stand-ins here, with a story to watch
	$(BIN)/centralita demo

test: install ## Lint, then every test (under 10 minutes; what CI runs)
	@scripts/need.sh postgresql chromium faketime slapd
	@$(MAKE) lint
	$(PYTEST)

test-all: install ## The tests, with those that take long, need Node or big databases
	@scripts/need.sh postgresql chromium faketime slapd node npm php
	@$(MAKE) lint
	CENTRALITA_TEST_THOROUGH=1 $(PYTEST) -m "long or not long" --timeout 3600

lint: install ## Style, types, layers, translations, generated pages
	@$(MAKE) -j 4 --output-sync=target .style .types .layers .texts .pages

.PHONY: .style .types .layers .texts .pages
.style:
	$(BIN)/ruff check
	$(BIN)/ruff format --check
.types:
	$(BIN)/mypy
.layers:
	$(BIN)/lint-imports --no-logo --no-cache
.texts:
	$(BIN)/python -m centralita.i18n check
.pages:
	$(BIN)/python scripts/generate_docs.py --check

format: install ## Let ruff rewrite what it can
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

crash: install ## Kill the hub 100 times under load on each database, then audit the ledger
	@scripts/need.sh postgresql
	CENTRALITA_TEST_KILLS=100 $(BIN)/pytest tests/scenarios/test_crash.py --timeout 7200 --capture no
	CENTRALITA_TEST_DECISION_KILLS=50 $(BIN)/pytest tests/scenarios/test_decision_kills.py --timeout 3600
	CENTRALITA_TEST_CHAT_KILLS=50 $(BIN)/pytest tests/scenarios/test_chat_kills.py -m "long or not long" --timeout 3600

bench: install ## Measure what benchmarks/RESULTS.md claims
	@scripts/need.sh postgresql wrk prometheus-alertmanager
	$(BIN)/python -m benchmarks

big: install ## Build databases of ten million events (30 GB each, one at a time), and measure what people ask
	@scripts/need.sh postgresql
	$(BIN)/python -m benchmarks statistics dashboard

docs: install ## Write the generated pages of docs/
	$(BIN)/python scripts/generate_docs.py

lock: install ## Pin the dependencies anew, within the bounds of pyproject.toml
	scripts/lock.sh --upgrade

clean: ## Remove what the targets made, but no data
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache build dist
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
