# make run    install, build, and run Rinkaku on this machine until Ctrl-C
# make test   everything that must pass: checks, SQLite, PostgreSQL, Redis, browser
# make check  the checks alone
# make bench  print the figures that docs/ promises, with this machine's description
# make clean  remove what was installed and built (never data/)

PYTHON := $(shell for p in python3.11 python3.12 python3.13 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --disable-pip-version-check --no-warn-script-location
TORCH := $(shell sed -n 's/^ *"\(torch==[0-9.]*\)",$$/\1/p' pyproject.toml)
PARALLEL := -n $(shell n=$$(nproc 2>/dev/null || echo 2); echo $$((n < 8 ? n + 1 : 8))) --dist loadfile
PAGES := $(shell find frontend/src frontend/public -type f 2>/dev/null) $(wildcard frontend/*.json frontend/*.html frontend/*.ts)

.PHONY: run test check check-python check-frontend bench lock clean
.DELETE_ON_ERROR:

run: .venv/installed frontend/dist/index.html
	@exec $(BIN)/rinkaku run

test: .venv/installed-tests frontend/dist/index.html
	@sh scripts/system_packages.sh
	@$(MAKE) --no-print-directory check
	@echo "== Tests on SQLite, PostgreSQL, Redis and in a browser"
	@$(BIN)/python scripts/with_services.py $(BIN)/python -m pytest $(PARALLEL) $(PYTEST)

check: check-python check-frontend

check-python: .venv/installed-tests
	@echo "== ruff, mypy, import-linter"
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@PYTHONPATH=client $(BIN)/lint-imports --no-logo

check-frontend: frontend/node_modules/.package-lock.json
	@echo "== tsc, oxlint, vitest"
	@cd frontend && npm run --silent check

bench: .venv/installed-tests frontend/dist/index.html
	@$(BIN)/python -m scripts.bench

lock: .venv/installed-tests
	@$(BIN)/python scripts/lock.py

clean:
	rm -rf .venv frontend/node_modules frontend/dist build *.egg-info client/build client/*.egg-info
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "Rinkaku needs Python 3.11 or newer (with venv)."; exit 1; }
	@echo "== Making the Python environment with $(PYTHON)"
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo "Python's venv module is missing: install python3-venv."; exit 1; }

.venv/installed: requirements.lock pyproject.toml client/pyproject.toml | .venv/bin/python
	@echo "== Installing $(TORCH) (large), then the rest"
	@$(PIP) "$(TORCH)"
	@$(PIP) -r requirements.lock
	@$(PIP) --quiet --no-deps -e . -e client
	@touch $@

.venv/installed-tests: requirements-test.lock requirements-test-alone.lock .venv/installed
	@echo "== Installing what the tests need"
	@$(PIP) -r requirements-test.lock
	@$(PIP) --no-deps -r requirements-test-alone.lock
	@touch $@

frontend/node_modules/.package-lock.json: frontend/package-lock.json
	@command -v npm >/dev/null || { echo "Rinkaku needs Node.js 20.19 or newer with npm to build its pages."; exit 1; }
	@echo "== Installing what builds the pages"
	@cd frontend && npm ci --no-audit --no-fund
	@touch $@

frontend/dist/index.html: frontend/node_modules/.package-lock.json $(PAGES)
	@echo "== Building the pages"
	@cd frontend && npm run --silent build
	@touch $@
