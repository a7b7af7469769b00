# Two commands do all the set-up: `make demo` runs the main job, `make test` passes the tests.
.DEFAULT_GOAL := help
SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do command -v $$p >/dev/null && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' && echo $$p && break; done)
NAME ?=

.PHONY: help demo test check bench real-brunel real-m5 real-online-retail lock docs format clean

help: ## Show this list
	@grep -E '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 22

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "evenstock needs Python 3.11 or newer; install python3 (3.11+) or name it: make PYTHON=/path/to/python3.12 ..."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "python3 cannot make a virtual environment; install its venv module (Debian and Ubuntu: apt-get install python3-venv)"; exit 1; }

$(VENV)/.installed: requirements.lock pyproject.toml | $(BIN)/python
	@echo "installing what evenstock needs (hash-checked, once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@$(BIN)/evenstock warm-up
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.lock
	@echo "installing what the tests and checks need (hash-checked, once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

$(VENV)/.installed-peers: $(VENV)/.installed-dev requirements-peers.lock
	@echo "installing the peers that benchmarks run beside ours (hash-checked, once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-peers.lock
	@touch $@

# stockpyl needs numpy < 2, which has no build for Python 3.13: so an environment of its own, on an older Python.
$(VENV)-stockpyl/.installed: requirements-peers-stockpyl.lock
	@old=$$(for p in python3.12 python3.11 python3; do command -v $$p >/dev/null 2>&1 && $$p 2>/dev/null -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' && echo $$p && break; done); \
	if [ -z "$$old" ]; then echo "stockpyl is left out of the benchmarks: it needs numpy < 2, hence Python 3.11 or 3.12"; else \
	echo "installing stockpyl in an environment of its own (hash-checked, once)"; \
	$$old -m venv $(VENV)-stockpyl && \
	$(VENV)-stockpyl/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-peers-stockpyl.lock && \
	touch $@; fi

# semgrep wants older traces than ours: so an environment of its own, beside which nothing of it is imported.
$(VENV)-semgrep/.installed: requirements-semgrep.lock | $(BIN)/python
	@echo "installing what looks for dangers of our own (hash-checked, once)"
	@$(BIN)/python -m venv $(VENV)-semgrep
	@$(VENV)-semgrep/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-semgrep.lock
	@touch $@

# It asks nobody: the rules are here, no figures are sent, no newer version is looked for, nothing is kept in the home folder.
SEMGREP = SEMGREP_SEND_METRICS=off SEMGREP_ENABLE_VERSION_CHECK=0 SEMGREP_SETTINGS_FILE=$(VENV)-semgrep/settings.yml \
	SEMGREP_LOG_FILE=$(VENV)-semgrep/log PATH="$(CURDIR)/$(VENV)-semgrep/bin:$$PATH" semgrep scan --metrics=off --disable-version-check

demo: $(VENV)/.installed ## A believable brand: forecast, plan tonight's transfers, route today's orders, write a report
	@$(BIN)/evenstock demo

test: $(VENV)/.installed-dev ## Every test, with a real PostgreSQL (used, installed, or asked for)
	@tests/with_postgres.sh $(BIN)/python -m pytest -q

check: $(VENV)/.installed-dev $(VENV)-semgrep/.installed ## Style, types, the order of layers, and what is dangerous
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/bandit --quiet --recursive src --severity-level high
	@$(SEMGREP) --test lint/semgrep >$(VENV)-semgrep/controls 2>&1 || { cat $(VENV)-semgrep/controls; exit 1; }
	@$(SEMGREP) --quiet --error --config lint/semgrep/ours.yml src

bench: $(VENV)/.installed-peers $(VENV)-stockpyl/.installed ## Benchmarks: make bench NAME=spine (all without NAME); results in benchmarks/results
	@tests/with_postgres.sh $(BIN)/python -m benchmarks.run $(NAME)

real-brunel: $(VENV)/.installed-dev ## Route the 6,489 real Brunel orders
	@$(BIN)/python -m benchmarks.real_brunel

real-m5: $(VENV)/.installed-dev ## Plan transfers for the ten real M5 stores
	@$(BIN)/python -m benchmarks.real_m5

real-online-retail: $(VENV)/.installed-dev ## Import and replay the real Online Retail orders
	@$(BIN)/python -m benchmarks.real_online_retail

docs: $(VENV)/.installed ## Regenerate the data dictionary, the description of the API and the vocabulary
	@$(BIN)/evenstock export-schemas --out docs/reference
	@$(BIN)/python docs/vocabulary.py > docs/vocabulary.md
	@$(BIN)/python docs/who_may_do_what.py

format: $(VENV)/.installed-dev ## Format the code
	@$(BIN)/ruff check --fix . && $(BIN)/ruff format .

lock: ## Refresh the hashed lock files (needs uv)
	@uv pip compile -q pyproject.toml --extra postgres --extra carriers --extra forecasting --extra service --group build --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header $(LOCKFLAGS) -o requirements.lock
	@uv pip compile -q pyproject.toml --extra postgres --extra carriers --extra forecasting --extra service --group build --group dev -c requirements.lock --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header $(LOCKFLAGS) -o requirements-dev.lock
	@uv pip compile -q pyproject.toml --extra postgres --extra carriers --extra forecasting --extra service --group build --group dev --group peers -c requirements-dev.lock --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header $(LOCKFLAGS) -o requirements-peers.lock
	@printf 'stockpyl==1.0.2\nnumpy<2\n' | uv pip compile -q - --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header $(LOCKFLAGS) -o requirements-peers-stockpyl.lock
	@printf 'semgrep>=1.180\n' | uv pip compile -q - --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header $(LOCKFLAGS) -o requirements-semgrep.lock

clean: ## Remove the environment and caches
	@rm -rf $(VENV) $(VENV)-stockpyl $(VENV)-semgrep .mypy_cache .ruff_cache .pytest_cache .hypothesis
