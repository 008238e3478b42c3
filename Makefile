# All set-up is in two targets: `make run` and `make test` build the environment they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DATA ?= .data
SEEDS ?= 1
# Three processes for two cores (they often wait for one another), a file of tests to each at a time and in order, so that the browser tests stay last (tests/conftest.py).
PARALLEL ?= -n 3 --dist loadfile --no-loadscope-reorder
export PIP_DISABLE_PIP_VERSION_CHECK = 1
# The tests start hundreds of processes: with this set, as some containers have it, each would compile our modules again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test check lint audit format docs demo demo-assets bench chaos llama screenshots experiment lock clean help

help:            ## List the targets
	@grep -E '^[a-z-]+: .*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Switchpoint needs Python 3.11 or newer: make PYTHON=python3.11 run")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --requirement requirements.lock
	$(BIN)/pip install --quiet --no-deps --editable .
	touch $(STAMP)

run: $(STAMP)    ## Open the app on the demo project
	$(BIN)/switchpoint --data $(DATA) init-demo
	$(BIN)/switchpoint --data $(DATA) serve

test: lint audit ## Static checks, known vulnerabilities, then every test but the slow suites
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --ignore=tests/bench $(PARALLEL)

check: lint      ## Static checks, then the tests of core, storage and app that need no browser, start no process and go through no whole loop (4 minutes)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests/core tests/storage tests/app tests/structure --ignore=tests/app/demo -m "not process" -n 3 --dist loadfile

lint: $(STAMP)   ## ruff, ruff format, mypy --strict, bandit
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy -p core -p storage -p app
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive app core storage assets

audit: $(STAMP)  ## Known vulnerabilities of every package in requirements.lock (says so where there is no network)
	$(BIN)/python -m tests.security.audit

format: $(STAMP) ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(STAMP)   ## Write the page of commands (assets/docs/command-line.md) from the commands
	$(BIN)/python -m tests.docs.command_line

demo: $(STAMP)   ## The loop headless on the demo project, with the table of results (SEEDS=5 for intervals over seeds)
	SEEDS=$(SEEDS) $(BIN)/python -m app.demo --data $(DATA)/demo-run

demo-assets: $(STAMP) ## Rebuild the demo world and its models end to end (under 90 minutes on 2 cores)
	$(BIN)/python -m assets.demo.build

# The peers of the benches, beside the app's packages and never among them.
PEERS := bm25s==0.3.16 numba==0.68.1 tantivy==0.27.0 lm-eval==0.4.13 matplotlib==3.10.7
$(VENV)/bench/.installed: $(STAMP) Makefile
	test -x $(VENV)/bench/bin/python || $(PYTHON) -m venv $(VENV)/bench
	echo $(abspath $(VENV))/lib/python*/site-packages > $$(echo $(VENV)/bench/lib/python*/site-packages)/switchpoint.pth
	$(VENV)/bench/bin/python -m pip install --quiet $(PEERS)
	touch $@

bench: $(VENV)/bench/.installed ## Speed and memory as ratios against named peers, bars, plots (85 minutes; NAMES="retrieval page" for some)
	$(BIN)/python -m tests.bench $(NAMES)

chaos: $(STAMP)  ## The long suites: 200 random kills over the loop, bad endpoints, many reviewers, odd files (SWITCHPOINT_SEED=1: other moments)
	SWITCHPOINT_LONG=1 $(BIN)/python -m pytest tests/test_kill.py tests/app/tuning/test_multiprocess_run.py
	SWITCHPOINT_LONG=1 $(BIN)/python -m pytest -s tests/chaos tests/fuzz

llama: $(STAMP)  ## A real llama.cpp server over the demo's teacher, asked for its curves (builds llama-cpp-python, some minutes)
	test -x $(VENV)/llama/bin/python || $(PYTHON) -m venv $(VENV)/llama
	$(VENV)/llama/bin/pip install --quiet 'llama-cpp-python[server]' gguf
	SWITCHPOINT_LLAMA=$(CURDIR)/$(VENV)/llama/bin/python $(BIN)/python -m pytest -s tests/optional

screenshots: $(STAMP) ## Pictures of every tab into assets/screenshots, from a click through the whole loop
	SWITCHPOINT_SCREENSHOTS=assets/screenshots $(BIN)/python -m pytest tests/browser/test_loop.py

experiment: $(STAMP) ## Every arm at three budgets with five seeds, and the ways to find mistakes (hours; goes on where it stopped)
	$(BIN)/switchpoint --data $(DATA)/experiment init-demo
	$(BIN)/switchpoint --data $(DATA)/experiment experiment demo --seeds 5 --at-once 2
	$(BIN)/switchpoint --data $(DATA)/experiment experiment demo --identification --table $(DATA)/experiment/results.md

lock: $(STAMP)   ## Renew the exact versions (then pin torch by hand)
	$(BIN)/pip freeze --exclude-editable --exclude pip --exclude setuptools > requirements.lock

clean:           ## Remove the environment and caches, never the data
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache
