# Two commands do everything: `make demo` shows it, `make test` proves it. Each installs what it needs
# into .venv from the hashed locks, and again only when these change.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet

.PHONY: demo test check format soak bench lock docs clean
.DEFAULT_GOAL := help

help:
	@echo "make demo    the receiver at work on a story of several solutions; with --keep, both its pages stay open"
	@echo "make test    all tests"
	@echo "make check   format, lint, types, import contracts, generated docs up to date"
	@echo "make format  format the code and mend what the linter can"
	@echo "make docs    write the generated documents anew"
	@echo "make soak    the reliability tests, long"
	@echo "make bench   measure, and write docs/benchmarks.md (needs wrk and two cores)"
	@echo "make lock    write the locks in requirements/ anew"

# make knows no --keep, and takes it for the beginning of its own --keep-going: that arrives as k in MAKEFLAGS.
demo: $(VENV)/runtime.stamp
	@$(BIN)/partnerhook demo $(if $(findstring k,$(filter-out --%,$(firstword $(MAKEFLAGS)))),--keep)

test: $(VENV)/test.stamp
	$(BIN)/python -m pytest -n auto

check: $(VENV)/test.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python docs/generate.py --check

format: $(VENV)/test.stamp
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(VENV)/test.stamp
	$(BIN)/python docs/generate.py

soak: $(VENV)/test.stamp
	$(BIN)/python -m pytest -m soak --override-ini addopts=

bench: $(VENV)/bench.stamp
	$(BIN)/python -m bench

# uv writes universal locks: one file for Python 3.11 to 3.13, Linux and macOS.
UV_COMPILE := uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --quiet \
	--no-header --no-emit-index-url --no-emit-find-links
lock:
	$(UV_COMPILE) --extra alerts --group build --output-file requirements/runtime.txt
	$(UV_COMPILE) --extra all --group build --constraints requirements/runtime.txt --output-file requirements/all.txt
	$(UV_COMPILE) --extra all --group build --group test --constraints requirements/all.txt --output-file requirements/test.txt
	$(UV_COMPILE) --extra all --group build --group test --group bench --constraints requirements/test.txt --output-file requirements/bench.txt

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Partnerhook needs Python 3.11 or newer; $(PYTHON) is older, or does not run."; \
		echo "Name another one: make $(MAKECMDGOALS) PYTHON=/path/to/python3"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/runtime.stamp: requirements/runtime.txt pyproject.toml | $(VENV)/bin/python
	@echo "Installing what Partnerhook needs into $(VENV) ..."
	@$(PIP) --require-hashes --requirement requirements/runtime.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/test.stamp: requirements/test.txt $(VENV)/runtime.stamp
	@echo "Installing what the tests need into $(VENV) ..."
	@$(PIP) --require-hashes --requirement requirements/test.txt
	@touch $@

$(VENV)/bench.stamp: requirements/bench.txt $(VENV)/test.stamp
	@echo "Installing what the benchmark compares with into $(VENV) ..."
	@$(PIP) --require-hashes --requirement requirements/bench.txt
	@touch $@

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .artifacts
