# `make demo` and `make test` set everything up by themselves, in .venv inside this folder.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

PEERS := out/peers
# many processes start in tests and demo, each with all modules: compiled once, not by each of them
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo stop test test-slow test-slow-again lint types check chaos fuzz-gateway bench bench-ecg bench-echo bench-ledger wheel-check install clean

$(STAMP): pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@# pip may be told not to compile; Dagster starts three times as fast with .pyc files
	$(BIN)/python -m compileall -q -j 0 $(VENV)/lib > /dev/null || true
	touch $@

install: $(STAMP)

demo: $(STAMP)
	$(BIN)/cardio demo $(if $(DETACH),--detach)

stop: $(STAMP)
	$(BIN)/cardio demo --stop

test: $(STAMP)
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not slow"

test-slow: $(STAMP) # what starts services, kills them, fills disks: the quick form of `make chaos` among them
	$(BIN)/python -m pytest -n 2 --dist loadfile -m slow

test-slow-again: $(STAMP) # what failed in the last `make test-slow`, one after the other
	$(BIN)/python -m pytest -m slow --last-failed --last-failed-no-failures none

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/mypy

check: $(STAMP)
	$(BIN)/dg check defs

chaos: $(STAMP) # an hour or more, on a machine that does nothing else; writes docs/reliability.md
	OMP_NUM_THREADS=1 $(BIN)/python -W ignore -m cardio_dagster_tests.chaos

fuzz-gateway: $(STAMP)
	CARDIO_FUZZ_EXAMPLES=300 $(BIN)/python -m pytest cardio_dagster_tests/gateway/test_openapi.py -k made_up

bench-ledger: $(STAMP)
	$(BIN)/python -m benchmarks.ledger

bench: $(STAMP)
	$(BIN)/python -W ignore -m benchmarks.bench_study 2> /dev/null

bench-ecg: $(STAMP) $(PEERS)/.installed
	OMP_NUM_THREADS=1 $(BIN)/python -W ignore -m benchmarks.ecg --peers $(PEERS)/bin/python

bench-echo: $(STAMP)
	$(BIN)/python -m pip install --quiet --editable '.[train]'
	OMP_NUM_THREADS=1 $(BIN)/python -W ignore -m benchmarks.echo

$(PEERS)/.installed: benchmarks/ecg/peers.txt
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet -r $<
	touch $@

wheel-check: $(STAMP)
	rm -rf out/wheel && mkdir -p out/wheel/study
	$(BIN)/python -m build --quiet --wheel --no-isolation --outdir out/wheel .
	$(BIN)/python -c "from pathlib import Path; from cardio_dagster.demo.studies import mixed_synthetic as w; w(Path('out/wheel/study'))"
	$(PYTHON) -m venv out/wheel/venv
	out/wheel/venv/bin/python -m pip install --quiet out/wheel/*.whl
	cd out/wheel && venv/bin/cardio process study --out reports

clean:
	rm -rf $(VENV) out
