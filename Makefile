# Every target makes the environment it needs; nothing has to be installed by hand but Python 3.11+.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
ARGS   ?=

.PHONY: demo test check unit slow bench lock clean

## Show the main job on a simulated company (ARGS=--once prints it and ends).
demo: $(VENV)/.installed
	$(BIN)/ressenti demo $(ARGS)

## Everything that must hold: lint, types, format, all tests.
test: check
	$(BIN)/pytest $(ARGS)

## Lint, format and types only.
check: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

## The unit tests alone, in about a minute.
unit: $(VENV)/.installed-dev
	$(BIN)/pytest -n auto -m "not slow and not browser" $(ARGS)

## The simulations, fault campaigns and browser tests alone.
slow: $(VENV)/.installed-dev
	$(BIN)/pytest -m "slow or browser" $(ARGS)

## Measure: rates, latencies, memory, as ratios in one run.
bench: $(VENV)/.installed-dev
	$(BIN)/python -m benchmarks $(ARGS)

## Write the locks anew from pyproject.toml; the small ones take their versions from the one that holds everything.
LOCK := $(BIN)/uv pip compile --quiet --generate-hashes --universal --python-version 3.11 pyproject.toml
lock: $(VENV)/.installed-dev
	$(LOCK) --extra dev -o requirements-dev.txt
	$(LOCK) -c requirements-dev.txt -o requirements.txt
	$(LOCK) -c requirements-dev.txt --extra cluster -o requirements-cluster.txt

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis build *.egg-info

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "Ressenti needs Python 3.11 or newer; set PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(VENV)/bin/python requirements.txt pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	touch $@
