# Every target makes the environment it needs; nothing has to be installed by hand but Python 3.11+.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
ARGS   ?=

.PHONY: demo test check unit slow simulate chaos bench bench-statistics bench-kafka kafka postgres lock clean

## Show the main job on a simulated company (ARGS=--once prints it and ends).
demo: $(VENV)/.installed
	$(BIN)/ressenti demo $(ARGS)

## Everything that must hold: lint, types, format, all tests; those that share a server or the clock one after the other.
## (pytest's 5 is "none of the tests asked for is here".)
APART := slow or browser or kafka or postgres
test: check
	$(BIN)/pytest -n auto -m "not ($(APART))" $(ARGS) || [ $$? -eq 5 ]
	$(BIN)/pytest -m "$(APART)" $(ARGS) || [ $$? -eq 5 ]

## Lint, format and types only.
check: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

## The unit tests alone, in about a minute.
unit: $(VENV)/.installed-dev
	$(BIN)/pytest -n auto -m "not ($(APART))" $(ARGS)

## The simulations, fault campaigns and browser tests alone.
slow: $(VENV)/.installed-dev
	$(BIN)/pytest -m "slow or browser" $(ARGS)

## A thousand seeded schedules of crashes, zombies and rebalances (ARGS="--seed 17 --shorten" replays one).
simulate: $(VENV)/.installed-dev
	$(BIN)/python -m tests.simulation $(ARGS)

## Faults on a real Kafka and PostgreSQL, one after the other: nothing lost, nothing doubled (ARGS="--seconds 60 --seed 7 --json").
chaos: $(VENV)/.installed-dev
	$(BIN)/python -m tests.chaos $(ARGS)

## Measure: rates, latencies, memory, as ratios in one run.
bench: $(VENV)/.installed-dev
	$(BIN)/python -m benchmarks $(ARGS)

## Simulate how often the statistics of experiments are wrong; docs/statistics.md is written by benchmarks.statistics.page.
bench-statistics: $(VENV)/.installed-dev
	$(BIN)/python -m benchmarks statistics $(ARGS)

## A real Apache Kafka on this machine, from Maven's jars; prints its address, Ctrl-C ends it (ARGS="--port 9092 --data FOLDER").
kafka: $(VENV)/.installed-dev
	$(BIN)/python -m deploy.kafka $(ARGS)

## A throw-away PostgreSQL on this machine, from the server's binaries; prints its address, Ctrl-C ends it.
postgres: $(VENV)/.installed-dev
	$(BIN)/python -m deploy.postgres $(ARGS)

## Our worker beside others on one real broker and database (ARGS="--json --events N --rounds N").
bench-kafka: $(VENV)/.installed-dev
	$(BIN)/python -m benchmarks.cluster $(ARGS)

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
