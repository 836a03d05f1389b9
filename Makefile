# Two commands: `make demo` and `make test`. The rest is for people who work on Zhida.
PYTHON ?= $(or $(shell command -v python3.11),python3)
VENV   := .venv
BIN    := $(VENV)/bin
ARGS   ?=
RESIDENTS ?= 60000
PERSONS ?= 12000000
PAYEES ?= 5000000
CASES ?= 20000
BENCH_VENV := var/bench-venv
export ZHIDA_HOME ?= $(CURDIR)/var

.PHONY: help demo start deliver test build test-sqlite test-postgres test-journeys test-spark test-kills test-orders spark check bench bench-engine bench-payments bench-cases new-pack new-life-event sizes docs pictures clean

help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)

$(VENV)/ready: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { echo "Zhida needs Python 3.11: install it, or say PYTHON=/path/to/python3.11."; exit 1; }
	@echo "Setting up .venv (once, about a minute) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r requirements.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/ready-dev: $(VENV)/ready requirements-dev.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r requirements-dev.txt
	@touch $@

$(VENV)/ready-spark: $(VENV)/ready requirements-spark.txt
	@echo "Installing the extra spark (once, half a minute after its 0.5 GB) ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-build-isolation --no-compile --require-hashes -r requirements-spark.txt
	@touch $@

## make demo            a demo city from feeds to paid residents, then three faces at http://127.0.0.1:8000  (ARGS="--no-serve --json")
demo: $(VENV)/ready
	@$(BIN)/zhida demo $(ARGS)

## make start           serve the demonstration that is already there
start: $(VENV)/ready
	@ZHIDA_DEMO=$${ZHIDA_DEMO-1} ZHIDA_TODAY=$${ZHIDA_TODAY-2025-11-05} $(BIN)/zhida serve $(ARGS)

## make deliver         send notices as they fall due, beside the server
deliver: $(VENV)/ready
	@ZHIDA_DEMO=$${ZHIDA_DEMO-1} ZHIDA_TODAY=$${ZHIDA_TODAY-2025-11-05} $(BIN)/zhida notices deliver --watch $(ARGS)

## make test            everything a change must pass, on SQLite, PostgreSQL, in a browser and on a cluster of two workers
test: $(VENV)/ready-dev
	@scripts/system_packages.sh
	@scripts/with_scratch.sh $(MAKE) --no-print-directory build

# Building Spark's wheel waits for one core and the disk: beside the first stage. `make` finds the wheel in pip's cache later.
build:
	@$(BIN)/pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --require-hashes -w "$${TMPDIR:-/tmp}/zhida-wheels" -r requirements-spark.txt & \
	$(MAKE) --no-print-directory test-sqlite; status=$$?; wait; rm -rf "$${TMPDIR:-/tmp}/zhida-wheels"; exit $$status
	@ZHIDA_DRESSES=one $(MAKE) --no-print-directory test-postgres test-journeys test-spark

test-sqlite: $(VENV)/ready-dev
	@$(BIN)/python -m pytest -n 2 --dist loadgroup -m "not browser and not spark" $(ARGS)

# What opens no database is the same on both: once is enough.
test-postgres: $(VENV)/ready-dev
	@ZHIDA_TESTS=database $(BIN)/python scripts/with_postgres.py $(BIN)/python -m pytest -n 2 --dist loadgroup -m "not browser" src/zhida/blocks $(ARGS)

test-journeys: $(VENV)/ready-dev
	@$(BIN)/python -m pytest -n 2 --dist loadfile -m browser tests/journeys $(ARGS)

test-spark: $(VENV)/ready-dev $(VENV)/ready-spark
	@scripts/system_packages.sh spark
	@$(BIN)/python -m pytest -m spark tests/spark $(ARGS)

## make test-kills      commands of payments and of joint cases killed with SIGKILL at KILLS=200 random points each, on SQLite and on PostgreSQL
KILLS ?= 200
KILLED := src/zhida/blocks/payments/tests/test_killed_anywhere.py src/zhida/blocks/cases/tests/test_killed_anywhere.py
test-kills: $(VENV)/ready-dev
	@ZHIDA_KILLS=$(KILLS) $(BIN)/python -m pytest -s $(KILLED) $(ARGS)
	@ZHIDA_KILLS=$(KILLS) $(BIN)/python scripts/with_postgres.py $(BIN)/python -m pytest -s $(KILLED) $(ARGS)

## make test-orders     commands of payments and of joint cases in any order, rules as machine code, EXAMPLES=300 each, commands on both databases
EXAMPLES ?= 300
ORDERS := $(patsubst %,src/zhida/blocks/payments/tests/test_%.py,money_is_conserved recovery_in_any_order) src/zhida/blocks/cases/tests/test_once_in_any_order.py
test-orders: $(VENV)/ready-dev
	@ZHIDA_EXAMPLES=$(EXAMPLES) $(BIN)/python -m pytest $(ORDERS) src/zhida/engine/tests/test_fused.py $(ARGS)
	@ZHIDA_EXAMPLES=$(EXAMPLES) $(BIN)/python scripts/with_postgres.py $(BIN)/python -m pytest $(ORDERS) $(ARGS)

## make spark           install the extra: months decided on a cluster, see docs/operations.md
spark: $(VENV)/ready-spark

## make check           lint, types and all tests: what a reviewer runs
check: $(VENV)/ready-dev
	@$(BIN)/ruff check src tests scripts bench
	@$(BIN)/ruff format --check src tests scripts bench
	@$(BIN)/mypy
	@$(MAKE) --no-print-directory test

## make bench           build, month and list at RESIDENTS=11936010, one JSON object
bench: $(VENV)/ready
	@$(BIN)/zhida bench --residents $(RESIDENTS) $(ARGS)

## make bench-engine    the engine against OpenFisca at PERSONS=12000000, one JSON object  (ARGS="--only calc")
bench-engine: $(VENV)/ready $(BENCH_VENV)/ready
	@$(BIN)/python bench/engine/bench.py --persons $(PERSONS) $(ARGS)

## make bench-payments  a payday of PAYEES=5000000, the bank's answers and the tills on PostgreSQL, one JSON object  (ARGS="--seconds 0")
bench-payments: $(VENV)/ready
	@scripts/system_packages.sh
	@$(BIN)/python bench/payments.py --payees $(PAYEES) $(ARGS)

## make bench-cases     CASES=20000 births through all departments on PostgreSQL, and a restart with 100,000 open cases, one JSON object
bench-cases: $(VENV)/ready
	@scripts/system_packages.sh
	@$(BIN)/python bench/cases.py --cases $(CASES) $(ARGS)

# OpenFisca is AGPL: only ever here, never beside the product.
$(BENCH_VENV)/ready: bench/engine/requirements.txt
	@echo "Setting up $(BENCH_VENV) with OpenFisca (once) ..." >&2
	@test -x $(BENCH_VENV)/bin/python || $(PYTHON) -m venv $(BENCH_VENV)
	@$(BENCH_VENV)/bin/pip install --quiet --disable-pip-version-check -r bench/engine/requirements.txt
	@touch $@

## make new-pack NAME=x copy the smallest pack as a start
new-pack: $(VENV)/ready
	@$(BIN)/python scripts/new_pack.py $(NAME)

## make new-life-event NAME=x FROM=birth  copy a life event as a start (PACK=support: into that pack)
new-life-event: $(VENV)/ready
	@$(BIN)/zhida life-event new $(NAME) --from $(or $(FROM),birth) $(if $(PACK),--pack $(PACK))

## make docs            write the generated pages anew
docs: $(VENV)/ready
	@$(BIN)/python scripts/law_coverage.py
	@$(BIN)/python scripts/scale_plan.py

## make pictures        the README's pictures, from the running demo
pictures: $(VENV)/ready-dev
	@scripts/system_packages.sh
	@$(BIN)/python scripts/screenshots.py

## make sizes           the ten longest files and functions, for conversation
sizes: $(VENV)/ready
	@$(BIN)/python scripts/sizes.py

clean:
	rm -rf $(VENV) var
