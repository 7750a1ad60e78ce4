# `make nightly`: from nothing to a published warehouse. `make test`: every test.
# Both need Python 3.11 or newer, pip and a package index, and install the rest into .venv.

PYTHON ?= python3
PIP := .venv/bin/python -m pip --disable-pip-version-check --quiet

.DEFAULT_GOAL := help
.PHONY: help install install-dev nightly test lint types bench requirements superset clean

help: ## show what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

install: .venv/.installed ## what a night needs

install-dev: .venv/.installed-dev ## what the tests need besides

nightly: install ## run the night; without any extract, land a sample company first
	@.venv/bin/flywheel simulate --unless-landed
	@.venv/bin/flywheel nightly

# A module stays whole, because its tests share a company; four at most, because each may build a
# warehouse in 3 GB.
test: install-dev ## run every test, on all cores
	@.venv/bin/python -m pytest --numprocesses auto --maxprocesses 4 \
		--dist loadfile --no-loadscope-reorder

lint: install-dev ## ruff and sqlfluff
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/sqlfluff lint dbt_project --disable-progress-bar

types: install-dev ## mypy
	@.venv/bin/mypy

bench: install-dev ## what nights cost, and where the time goes (an hour)
	@.venv/bin/python -m tests.benchmarks.night
	@.venv/bin/python -m tests.benchmarks.company --results docs/benchmarks.json
	@.venv/bin/python -m tests.benchmarks.chart docs/benchmarks.json docs/benchmarks.svg
	@.venv/bin/python -m tests.benchmarks.figures docs/benchmarks.json docs/benchmarks.md

requirements: ## pin the tree anew from pyproject.toml (needs uv)
	UV_CUSTOM_COMPILE_COMMAND="make requirements" uv pip compile -q --universal \
		--python-version 3.11 --generate-hashes --no-strip-extras \
		--extra build pyproject.toml -o requirements.txt
	UV_CUSTOM_COMPILE_COMMAND="make requirements" uv pip compile -q --universal \
		--python-version 3.11 --generate-hashes --no-strip-extras -c requirements.txt \
		--extra build --extra dev pyproject.toml -o requirements-dev.txt

# It shows what is published; where nothing is, and no PostgreSQL is named, a first night comes before.
superset: install ## Apache Superset on the marts, on loopback (installs 700 MB once)
	@test -n "$$FLYWHEEL_POSTGRES$$FLYWHEEL_POSTGRES_FILE" \
		-o -e "$${FLYWHEEL_HOME:-flywheel_home}/warehouse/flywheel.duckdb" \
		|| $(MAKE) --no-print-directory nightly
	@.venv/bin/python -m orchestration.serving.superset

clean: ## remove the environment and dbt's artifacts; data stays
	rm -rf .venv .venv-superset target logs

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed: make PYTHON=python3.12 nightly"; exit 2; }
	@echo "making .venv"
	@$(PYTHON) -m venv .venv

.venv/.installed: requirements.txt pyproject.toml | .venv/bin/python
	@echo "installing into .venv (once; a few minutes)"
	@$(PIP) install --require-hashes -r requirements.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.installed-dev: requirements-dev.txt .venv/.installed
	@echo "installing what the tests need into .venv (once)"
	@$(PIP) install --require-hashes -r requirements-dev.txt
	@touch $@
