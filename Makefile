# `make study` and `make test` work from a fresh clone: each makes the environment first, once.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

VENV := .venv
READY := $(VENV)/.ready
IN := export PATH="$(CURDIR)/$(VENV)/bin:$$PATH" &&
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && echo $$p && break; done)

.PHONY: help study report test lint smoke bench format
help:  ## what there is
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## */\t/' | expand -t 10

$(READY): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "inversion: Expected Python 3.11, 3.12 or 3.13 on PATH; got none."; exit 1; }
	@echo "== Making the environment in $(VENV) from requirements.lock (about two minutes) =="
	@test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

study: $(READY)  ## simulate, train, invert, score, draw and report: the whole study
	@echo "== The study: dvc repro runs what is stale, phase by phase =="
	@$(IN) inversion check && dvc repro
	@echo "== The report: $(CURDIR)/report/_site/index.html =="

report: $(READY)  ## render the report anew from the tables at hand
	@$(IN) inversion report

test: $(READY)  ## all tests
	@$(IN) pytest -n auto --dist loadfile --no-loadscope-reorder --durations 40

lint: $(READY)  ## style, import contracts, the workflow's own lint
	@$(IN) ruff check . && ruff format --check --quiet . && lint-imports --no-cache
	@$(IN) snakefmt --check Snakefile workflow
	@# One lint is answered by requirements.lock in place of a conda environment for each rule.
	@$(IN) ! snakemake --lint 2>&1 | grep '^ *\*' | grep -v 'conda environment or container'

format: $(READY)  ## put the code in the style that lint asks for
	@$(IN) ruff check --fix --quiet . ; ruff format --quiet . && snakefmt Snakefile workflow

smoke: $(READY)  ## the smallest grid, end to end, in a copy under .cache/smoke
	@rm -rf .cache/smoke && mkdir -p .cache/smoke
	@# A tracked file that is deleted here is listed too: it is passed over.
	@git ls-files -co --exclude-standard -z | { xargs -0 ls -d 2>/dev/null || true; } | tar -cf - -T - | tar -xf - -C .cache/smoke
	@$(IN) cd .cache/smoke && rm -rf results && snakemake --cores all --config grid=smoke
	@echo "== The smoke study's report: $(CURDIR)/.cache/smoke/report/_site/index.html =="

bench: $(READY)  ## speed against the peers, an hour on a quiet machine; a few minutes with ARGS=--quick
	@$(IN) python benchmarks/speed.py $(ARGS)
	@test -n "$(ARGS)" || { $(IN) NPROC=1 OMP_NUM_THREADS=1 python benchmarks/c2st.py; }
