# `make` sets up, runs the pipeline and prints what came out; `make test` runs every check. See README.md.

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
TESTABLE := .venv/.testable
PEERS := .peers/.installed
# What vot-toolkit imports when it runs and analyses; it names more, and opencv-python with windows.
VOT_NEEDS := attributee==0.1.9 numba vot-trax tqdm pyYAML cachetools bidict phx-class-registry colorama packaging \
  lazy-object-proxy
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check --constraint constraints.txt
export PATH := $(CURDIR)/$(BIN):$(PATH)

.DEFAULT_GOAL := all
.PHONY: all setup reproduce test lint bench constraints clean

all: reproduce
	@$(BIN)/python -m pipelines summary

setup: $(INSTALLED)

reproduce: $(INSTALLED)
	@$(BIN)/dvc repro

test: lint $(PEERS)
	@$(BIN)/python -m pytest -n 2 --dist loadgroup

lint: $(TESTABLE)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

bench: $(TESTABLE)
	@$(BIN)/python -m tests.bench --record

$(INSTALLED): pyproject.toml constraints.txt
	@command -v git >/dev/null || { echo "error: git is missing. Install it: apt-get install git"; exit 1; }
	@command -v $(PYTHON) >/dev/null || { echo "error: $(PYTHON) is missing. Install Python 3.11 or newer, or say make PYTHON=/path/to/python"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' || { echo "error: $$($(PYTHON) --version) is not 3.11 to 3.14. Say which Python to use: make PYTHON=/path/to/python"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "error: $(PYTHON) has no venv module. Install it: apt-get install python3-venv"; exit 1; }
	@test -x $(BIN)/python || { echo "Making the virtual environment .venv"; $(PYTHON) -m venv .venv; }
	@echo "Installing the packages named in pyproject.toml, at the versions in constraints.txt"
	@$(PIP) --editable .
	@$(BIN)/python -c 'import cv2' 2>/dev/null || { echo "error: OpenCV does not load; its system libraries are missing. Install them: apt-get install libgl1 libglib2.0-0"; exit 1; }
	@touch $@

$(TESTABLE): $(INSTALLED)
	@echo "Installing what the tests need besides"
	@$(PIP) --editable '.[test]'
	@touch $@

$(PEERS): Makefile
	@echo "Making .peers, with other toolkits to compare with"
	@$(PYTHON) -m venv .peers
	@.peers/bin/python -m pip install -qq --disable-pip-version-check got10k==0.1.3 six opencv-python-headless $(VOT_NEEDS)
	@for version in 0.7.4 0.9.0; do .peers/bin/python -m pip install -qq --disable-pip-version-check --no-deps \
	  --upgrade --target .peers/vot-$$version vot-toolkit==$$version || exit 1; done
	@touch $@

constraints: $(TESTABLE)
	@{ echo "# Exact versions of everything that 'make' and 'make test' install. Renew: make constraints"; \
	  $(BIN)/python -m pip freeze --exclude-editable | sed 's/+cpu$$//'; } > constraints.txt

clean:
	rm -rf .venv .peers data models reports
