# Two commands do all the set-up on a fresh machine: `make run` and `make test`.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
SOURCES := $(shell find tui models datasets -type f -not -name '*.pyc')
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.DEFAULT_GOAL := help
.PHONY: help run test test-slow lint format index bench clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/.venv-made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "kerastui needs Python 3.11 or newer; choose one: make PYTHON=python3.12 run"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --upgrade pip
	touch $@

# Libraries change rarely and take long, the package itself often and seconds: two stamps.
$(VENV)/.libraries: pyproject.toml constraints.txt $(VENV)/.venv-made
	@echo "Installing the libraries into $(VENV) (TensorFlow is large, this takes a minute or two) ..."
	$(BIN)/python -c 'import tomllib; print("\n".join(tomllib.load(open("pyproject.toml", "rb"))["project"]["dependencies"]))' > $(VENV)/requirements.txt
	$(PIP) install --constraint constraints.txt --requirement $(VENV)/requirements.txt
	touch $@

$(VENV)/.tools: pyproject.toml constraints.txt $(VENV)/.libraries
	$(PIP) install --constraint constraints.txt --group dev
	touch $@

# The wheel is what users get, so it is what runs and what is tested.
$(VENV)/.package: pyproject.toml $(SOURCES) $(VENV)/.libraries
	rm -rf build/lib build/bdist.* build/dist *.egg-info
	$(PIP) wheel --no-deps --wheel-dir build/dist .
	$(PIP) install --no-deps --force-reinstall build/dist/*.whl
	touch $@

# Static tools see the namespace that the wheel has through this link.
build/kerastui:
	mkdir -p build
	ln -sfn .. $@

run: $(VENV)/.package ## open the app; without a terminal: run the default example and print the result
	@$(BIN)/kerastui

# Four processes on two cores: tests of screens wait more than they compute.
test: $(VENV)/.package $(VENV)/.tools ## the fast tests, against the installed wheel
	$(BIN)/pytest -n 4 --dist loadfile -m "not slow" --ignore tests/slow

test-slow: $(VENV)/.package $(VENV)/.tools ## real training; needs KERASTUI_DATA for the documents' files
	$(BIN)/pytest -m slow --timeout 1800

lint: $(VENV)/.package $(VENV)/.tools build/kerastui ## ruff, mypy --strict, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy -p kerastui.tui -p kerastui.models -p kerastui.datasets
	$(BIN)/lint-imports

format: $(VENV)/.tools ## let ruff lay out the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

index: $(VENV)/.package ## renew models/examples/index.json after an example was changed
	$(BIN)/python -m kerastui.models.shipped > build/index.json
	mv build/index.json models/examples/index.json

bench: $(VENV)/.package ## side-by-side measurements, as ratios
	$(BIN)/python benchmarks/run.py

clean: ## remove what was built and installed
	rm -rf $(VENV) build/lib build/dist build/bdist.* *.egg-info
