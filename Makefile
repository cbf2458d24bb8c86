# `make` alone lists the targets. Only Python 3.11 and make are needed; everything else is installed into .venv.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
# What runs a second time on production's services: engine, pages and one browser pass.
ON_SERVICES := tests/integration tests/production tests/browser/test_six_steps.py
export PYTHONUNBUFFERED := 1

.PHONY: help demo dev test check fix bench chaos docs lock install install-dev clean

help:  ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(VENV)/.runtime: requirements.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

$(VENV)/.development: requirements-dev.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@ $(VENV)/.runtime

install: $(VENV)/.runtime
install-dev: $(VENV)/.development

demo: install  ## Start the demo: web, worker and simulated Microsoft cloud. PORT, PETRA_DATA_DIR, PETRA_SIMULATOR_PORT move it
	@exec $(BIN)/python manage.py demo

dev: install-dev  ## The demo, restarting the web server when code changes
	@exec env PETRA_DEBUG=1 $(BIN)/python manage.py demo --reload

test: install-dev  ## Run every test on SQLite and the embedded queue, and those of the engine again on PostgreSQL and Redis
	@$(BIN)/python tests/find_chromium.py --install
	@$(BIN)/python -m pytest -n 3 --dist loadfile $(ARGS)
ifndef ARGS
	@$(BIN)/python -m tests.on_services -n 2 --dist loadfile $(ON_SERVICES)
endif

check: install-dev  ## Linters, types, architecture, templates, security, dependencies, migrations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/lint-imports
	$(BIN)/djlint templates --check --lint --quiet
	$(BIN)/bandit -q -ll -r petra tenants incidents remediation graph -c pyproject.toml
	$(BIN)/deptry .
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/python manage.py check

fix: install-dev  ## Let the tools mend what they can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	-$(BIN)/djlint templates --reformat --quiet

bench: install-dev  ## Measure, print, and write bench.json
	@$(BIN)/python -m tests.bench

chaos: install-dev  ## Kill workers 100 times amid faults and doubles; ARGS="--seed 8 --kills 40 --on sqlite"
	@$(BIN)/python -m tests.chaos $(ARGS)

docs: install-dev  ## Generate docs/reference
	$(BIN)/python manage.py write_reference

lock:  ## Resolve the dependencies anew (needs uv)
	uv pip compile --quiet --generate-hashes --python-version 3.11 --universal pyproject.toml -o requirements.txt
	uv pip compile --quiet --generate-hashes --python-version 3.11 --universal --extra dev pyproject.toml -o requirements-dev.txt

clean:  ## Remove what was installed and what the demo made
	rm -rf $(VENV) .petra .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
