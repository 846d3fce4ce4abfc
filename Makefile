# `make run` and `make test` are all a newcomer needs; `make help` lists the rest.
SHELL := /bin/bash
PYTHON ?= $(shell command -v python3.11 || echo python3)
VENV ?= .venv
PORT ?= 8000
export PORT
BIN := $(VENV)/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
TEMPLATES := $(shell find templates -name '*.html' 2>/dev/null)
LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header pyproject.toml
# What `check --deploy` needs to look at production settings; none of it is a secret of anything.
PRODUCTION := ENVIRONMENT=production SECRET_KEY=$$(printf 'only-for-check-deploy-%.0s' 1 2 3) ALLOWED_HOSTS=campus.example AUDIT_KEY=only-for-check-deploy \
	SITE_URL=https://campus.example DATABASE_URL=postgres://nobody@127.0.0.1:1/none REDIS_URL=redis://127.0.0.1:1 \
	EMAIL_URL=smtp://127.0.0.1:1 TRUSTED_PROXIES=1
# The number of test processes.
JOBS ?= $(shell nproc 2>/dev/null || echo 2)

.PHONY: help run demo test test-sqlite experiments stack bench screenshots lighthouse samples check audit fmt lock types install libraries browser
.DEFAULT_GOAL := help

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

run: install libraries  ## start the site at http://127.0.0.1:8000 (variables: PORT, DATA_DIR, DEMO)
	@$(BIN)/python manage.py start

demo: install  ## delete all data and load the demo
	@$(BIN)/python manage.py migrate -v0 && $(BIN)/python manage.py seed_demo --reset

test: install libraries browser  ## run all tests on PostgreSQL and Valkey
	$(BIN)/python -m tools.testing.engines $(BIN)/pytest -n $(JOBS) --dist loadgroup $(ARGS)

test-sqlite: install libraries  ## the suite on SQLite, without browser tests, which do not depend on the engine
	env -u DATABASE_URL -u REDIS_URL $(BIN)/pytest -n $(JOBS) --dist loadgroup -m "not browser" $(ARGS)

experiments: install libraries  ## run races and crashes against real processes; write docs/experiments.md
	DATA_DIR=$$(mktemp -d) $(BIN)/python -m tools.testing.engines $(BIN)/python manage.py experiments $(ARGS)
	env -u DATABASE_URL -u REDIS_URL DATA_DIR=$$(mktemp -d) $(BIN)/python manage.py experiments $(ARGS)
	$(BIN)/python -m tools.testing.engines $(BIN)/python -m tools.experiments killed_worker
	$(BIN)/python -m tools.testing.engines $(BIN)/python -m tools.experiments ledger_machine
	$(BIN)/python -m tools.testing.engines $(BIN)/python -m tools.experiments silent_redis

stack: install libraries  ## run a production stack on this machine, at https://localhost:8443 if nginx is installed
	$(BIN)/python -m tools.testing.stack $(ARGS)

bench: install libraries  ## run the benchmarks; write docs/benchmarks.md
	@$(BIN)/python -m tools.system wrk
	$(BIN)/python -m tools.testing.engines $(BIN)/python -m tools.bench $(ARGS)

screenshots: install libraries browser  ## take screenshots of every page into var/screens and docs/screens
	$(BIN)/python -m tools.screenshots $(ARGS)

lighthouse: install libraries browser  ## run Lighthouse on five pages (needs npm); write docs/lighthouse.md
	$(BIN)/python -m tools.lighthouse $(ARGS)

SAMPLES ?= ../shared/samples
samples: install  ## read sample files of other programs from SAMPLES; print how each is imported
	@$(BIN)/python -m tools.samples $(SAMPLES)

check: install libraries  ## check lint, types, layers, migrations, production settings, OpenAPI and lock files
	ruff check .
	ruff format --check .
	codespell
	djade --check --target-version 5.2 $(TEMPLATES)
	lint-imports
	mypy .
	python manage.py makemigrations --check --dry-run
	$(PRODUCTION) python manage.py check --deploy --fail-level WARNING
	python manage.py spectacular --validate --fail-on-warn --file /dev/null
	@for lock in requirements requirements-dev; do cp $$lock.txt /tmp/$$lock.$$$$.txt; \
		if [ $$lock = requirements ]; then extra=""; else extra="--extra dev -c requirements.txt"; fi; \
		$(LOCK) $$extra -o /tmp/$$lock.$$$$.txt && diff -q $$lock.txt /tmp/$$lock.$$$$.txt \
		|| { echo "$$lock.txt is stale: run 'make lock' and commit it."; exit 1; }; rm -f /tmp/$$lock.$$$$.txt; done

audit: install  ## check dependencies for known vulnerabilities (needs internet)
	uv tool run pip-audit --disable-pip --require-hashes -r requirements.txt
	uv tool run pip-audit --disable-pip --require-hashes -r requirements-dev.txt

fmt: install  ## format code and templates
	ruff check --fix --quiet . || true
	ruff format .
	djade --target-version 5.2 $(TEMPLATES) || true

lock: install  ## update the lock files from pyproject.toml
	$(LOCK) -o requirements.txt
	$(LOCK) --extra dev -c requirements.txt -o requirements-dev.txt

install: $(VENV)/installed  ## create the virtual environment

$(VENV)/installed: requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		|| { echo "Python 3.11 is missing. On Debian: apt-get install python3 python3-venv"; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv $(VENV)
	@echo "Installing what requirements-dev.txt names ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "$$(grep -oE '^uv==[0-9.]+' requirements-dev.txt)"
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python requirements-dev.txt
	@touch $@

libraries: install  ## install Pango, which renders certificates
	@$(BIN)/python -m tools.system pango

browser: install  ## install Chromium for browser tests
	@$(BIN)/python -m tools.system chromium
