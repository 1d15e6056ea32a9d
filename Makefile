# Two commands are enough: `make demo` and `make test`. Each sets up .venv by itself.
# They need Python 3.11-3.13 and make; another interpreter: make test PYTHON=python3.12

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell for name in python3 python3.13 python3.12 python3.11; do \
	$$name -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null \
	&& echo $$name && break; done)
# Wheels only: a source archive would fetch build tools that no lock pins.
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --only-binary :all:

# The tracking libraries for Node and browsers that the tests run; without npm those tests are skipped.
SDKS := tests/sdks/node_modules/.installed

.PHONY: help demo test lint docs bench install locks clean
.NOTPARALLEL:
.DEFAULT_GOAL := help

help:
	@echo 'make demo     the whole method on a real retailer, then where to look'
	@echo 'make test     every check: format, lint, layers, types, tests'
	@echo 'make lint     the same without the tests'
	@echo 'make docs     the documentation as HTML, in docs/_build'
	@echo 'make bench    the benchmarks against the peers (minutes)'
	@echo 'make locks    pin anew what pyproject.toml asks for (needs uv)'
	@echo 'make clean    remove .venv and everything that was built'

demo: $(VENV)/.demo $(VENV)/.project
	$(BIN)/trato demo

test: lint $(SDKS)
	@echo '== pytest: behaviour'
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile

lint: $(VENV)/.test $(VENV)/.project
	@echo '== ruff: lint'
	$(BIN)/ruff check .
	@echo '== ruff: format'
	$(BIN)/ruff format --check .
	@echo '== import-linter: who may know whom'
	$(BIN)/lint-imports
	@echo '== mypy: types'
	$(BIN)/mypy

docs: $(VENV)/.test $(VENV)/.project
	$(BIN)/python docs/tables.py
	$(BIN)/sphinx-build -W --keep-going -q docs docs/_build
	@echo 'open docs/_build/index.html'

bench: $(VENV)/.test $(VENV)/.project
	@for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python "$$script" || exit 1; done

# Everything for developing, with nothing run.
install: $(VENV)/.test $(VENV)/.project $(SDKS)

$(BIN)/python:
	@test -n '$(PYTHON)' || { echo 'Trato needs Python 3.11, 3.12 or 3.13; say which: make PYTHON=/path/to/python3.12' >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' \
		|| { echo 'Trato needs Python 3.11, 3.12 or 3.13, and $(PYTHON) is another' >&2; exit 1; }
	@echo '== setting up $(VENV) with $(PYTHON); the first time takes a minute or two'
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo 'This Python makes no virtual environments (Debian: apt-get install python3-venv)' >&2; exit 1; }

$(VENV)/.demo: requirements/demo.txt | $(BIN)/python
	$(INSTALL) --requirement $<
	@touch $@

$(VENV)/.test: requirements/test.txt | $(BIN)/python
	$(INSTALL) --requirement $<
	@touch $@ $(VENV)/.demo

$(SDKS): tests/sdks/package-lock.json
	@if command -v npm >/dev/null; then \
		npm ci --prefix tests/sdks --ignore-scripts --no-audit --no-fund --loglevel=error && touch $@; \
	else echo 'no npm: the tests of the tracking libraries for Node are skipped'; fi

# Either lock holds the build backend, so the project itself installs without build isolation.
$(VENV)/.project: pyproject.toml | $(BIN)/python
	@test -e $(VENV)/.demo || $(MAKE) $(VENV)/.demo
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	$(BIN)/python -m pip check
	@touch $@

COMPILE := uv pip compile --universal --python-version 3.11 --fork-strategy fewest --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-annotate --no-header --quiet pyproject.toml requirements/build.in

locks:
	$(COMPILE) --extra demo --output-file requirements/demo.txt
	$(COMPILE) --extra demo --extra docs --extra test --constraint requirements/demo.txt --output-file requirements/test.txt

clean:
	rm -rf $(VENV) tests/sdks/node_modules docs/_build build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
