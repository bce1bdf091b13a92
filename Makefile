# Every target sets itself up: a machine needs Python 3.11 or newer and make, nothing else.
#   PYTHON=...   interpreter the environment is made from (found by itself otherwise)
#   VENV=...     where the environment lies (.venv)
#   WEFT_PEER=1  also install jax, so that the tests that compare with it run
#   JOBS=n       test processes (auto: one per core)
#   T=...        what `make pytest` and `make lit` run (test)

VENV   ?= .venv
JOBS   ?= auto
T      ?= test
PYTHON ?= $(firstword $(foreach p,python3 python python3.13 python3.12 python3.11,$(shell \
            $(p) -c 'import sys; sys.version_info >= (3, 11) and print("$(p)")' 2>/dev/null)))

BIN := $(VENV)/bin
RUN := $(BIN)/python -m

.DEFAULT_GOAL := help
.PHONY: help setup peer test test-nojax lint format types layers lit pytest demo bench docs clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# ---- the environment: one stamp for each set of extras, so a second run installs nothing ----

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "weft needs Python 3.11 or newer; set PYTHON=/path/to/python"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed-%: pyproject.toml | $(BIN)/python
	$(RUN) pip install --quiet --disable-pip-version-check --editable '.[$*]'
	@touch $@

setup: $(VENV)/.installed-dev $(if $(WEFT_PEER),$(VENV)/.installed-peer)
peer: $(VENV)/.installed-peer ## Install jax beside weft, as the oracle of tests and benchmarks

# ---- checks ----

test: lint types layers lit pytest ## Run every check
	@echo "make test: all checks passed"

lint: setup ## Check style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: setup ## Rewrite files in the common format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: setup ## Check types
	$(RUN) mypy

layers: setup ## Check that imports point one way
	$(BIN)/lint-imports

lit: setup ## Run the .mlir tests
	$(BIN)/lit --quiet $(T)

pytest: setup ## Run the Python tests (the .mlir tests have run as `make lit`)
	$(RUN) pytest -n $(JOBS) --no-mlir $(T)

test-nojax: setup ## Run the Python tests as if jax were not installed
	WEFT_TEST_WITHOUT_JAX=1 $(RUN) pytest -n $(JOBS) --no-mlir -m 'not slow' $(T)

# ---- things to run ----

demo: $(VENV)/.installed-examples ## Train a digit classifier and export it
	$(BIN)/python examples/train_digits.py

bench: $(VENV)/.installed-dev $(VENV)/.installed-peer ## Measure weft against JAX
	$(BIN)/python benchmarks/run.py

docs: setup ## Regenerate the generated pages of docs/
	$(RUN) weft_tools.docs
	$(BIN)/python docs/generate_architecture.py

clean: ## Remove the environment and caches
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
