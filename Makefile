# `make demo` and `make test` set everything up by themselves, in .venv inside this folder.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo stop test lint types check install clean

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
	$(BIN)/python -m pytest

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/mypy

check: $(STAMP)
	$(BIN)/dg check defs

clean:
	rm -rf $(VENV) out
