# make demo         the main job on an embedded real case, in an environment of its own
# make test         all tests             make lint         format, lint, types, import contract
# make test-long    all tests, and of those that take minutes not a share but all
# make wheel-test   fast tests against the built wheel, away from the source tree
# make test-lowest  the fast tests with the oldest versions that pyproject.toml allows
# make bench        explainkit against its peers, in one run
# make docs         the documentation, into site/; any warning is an error
# make lock         resolve the lock files anew
#
# PYTHON=/path/to/python3.12 chooses the interpreter, VENV=.venv-3.12 the environment.

SHELL := /bin/bash
PYTHON ?=
VENV ?= .venv
PYTEST_ARGS ?= -n 2
export PYTHONDONTWRITEBYTECODE :=
export PIP_DISABLE_PIP_VERSION_CHECK := 1

BIN := $(VENV)/bin
LOCKED := pyproject.toml requirements/build.txt
COMPILE := uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
           --no-annotate --custom-compile-command "make lock"

.PHONY: demo test test-long fast lint wheel-test test-lowest bench docs lock clean
.DELETE_ON_ERROR:

demo: $(VENV)/.base
	@$(BIN)/explainkit demo

test: $(VENV)/.dev
	@$(BIN)/python -m pytest $(PYTEST_ARGS)

test-long: export EXPLAINKIT_LONG_TESTS := 1
test-long: test

fast: $(VENV)/.dev
	@$(BIN)/python -m pytest $(PYTEST_ARGS) -m "not slow"

lint: $(VENV)/.dev
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

wheel-test: $(VENV)/.dev
	@tools/wheel-test $(BIN)/python $(PYTEST_ARGS)

test-lowest: $(VENV)/.dev
	@tools/test-lowest $(BIN)/python $(PYTEST_ARGS)

bench: $(VENV)/.dev
	@$(BIN)/python -m benchmarks

docs: $(VENV)/.dev
	@NO_MKDOCS_2_WARNING=1 PYTHONPATH=. $(BIN)/python -m mkdocs build --strict --clean --quiet
	@echo "site/index.html"

lock: $(VENV)/.dev
	@$(BIN)/python -m pip install -qq uv
	@$(BIN)/$(COMPILE) --group build -o requirements/build.txt
	@$(BIN)/$(COMPILE) pyproject.toml --extra all --group dev -o requirements/dev.txt
	@$(BIN)/$(COMPILE) --group server --override requirements/dev.txt -o requirements/mlflow-server.txt
	@$(BIN)/$(COMPILE) pyproject.toml --constraint requirements/dev.txt -o requirements/base.txt

clean:
	rm -rf .venv* dist build site explainkit-demo .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +

$(VENV)/.base: $(LOCKED) requirements/base.txt
	@tools/environment $(VENV) base $(PYTHON)
	@touch $@

$(VENV)/.dev: $(LOCKED) requirements/dev.txt requirements/mlflow-server.txt
	@tools/environment $(VENV) dev $(PYTHON)
	@touch $@ $(VENV)/.base
