# Every command of the project. `make` lists them; each installs what it needs into $(VENV) first.

PYTHON ?= python3
VENV ?= .venv
HOST ?= 127.0.0.1
PORT ?= 8000
WORKERS ?= 1
PYTEST_FLAGS ?= --numprocesses=auto
SOAK_SECONDS ?= 300
BENCH_FLAGS ?=
AUDIT_FLAGS ?=
# The processes of the tests share the cores; threads inside one matrix product would fight over them.
export OPENBLAS_NUM_THREADS ?= 1

BIN := $(VENV)/bin
TOOLS := $(VENV)-tools/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
COMPILE = $(TOOLS)/pip-compile --quiet --allow-unsafe --generate-hashes --strip-extras --no-header \
  --no-emit-options --no-emit-index-url --no-emit-find-links --no-emit-trusted-host
GUIDE := service/api/site
CODE := service tests scripts $(wildcard demo benchmarks)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help serve demo test soak check check-client format accuracy bench overload openapi pictures reference docs lock audit sbom wheel smoke clean

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

serve: $(VENV)/.service ## start the service (HOST=127.0.0.1 PORT=8000 WORKERS=1)
	$(BIN)/actiscope serve --host $(HOST) --port $(PORT) --workers $(WORKERS)

demo: $(VENV)/.service ## start the service, send it real preactivations, print its answers, stop it
	$(BIN)/python demo/run.py

test: $(VENV)/.dev ## run the tests (PYTEST_FLAGS='-k sigmoid')
	$(BIN)/python -m pytest $(PYTEST_FLAGS)

soak: $(VENV)/.dev ## attack the service for long (SOAK_SECONDS=300 for each of three attacks)
	SOAK_SECONDS=$(SOAK_SECONDS) $(BIN)/python -m pytest -s --durations=0 tests/reliability

check: $(VENV)/.dev ## check the format, lint, types and layers
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)
	$(BIN)/mypy $(CODE)
	$(BIN)/lint-imports --no-logo

check-client: $(VENV)/.service $(VENV)-generator/.stamp ## generate a client from the contract and call the service with it
	$(VENV)-generator/bin/python -m scripts.check_client $(BIN)/actiscope

format: $(VENV)/.dev ## rewrite the code in the format that `make check` asks for
	$(BIN)/ruff format $(CODE)
	$(BIN)/ruff check --fix $(CODE)

accuracy: $(VENV)/.dev ## print the worst error of every function, order and dtype, in ulp
	$(BIN)/python -m tests.oracle.accuracy

bench: $(VENV)/.service ## measure speed against named peers, write benchmarks/results.md
	$(BIN)/python -m benchmarks.run $(BENCH_FLAGS)
	$(MAKE) reference openapi

overload: $(VENV)/.service ## measure what becomes of too much work, slow clients and a killed worker, write benchmarks/overload.md
	$(BIN)/python -m benchmarks.overload

openapi: $(VENV)/.service ## rewrite openapi/openapi.json from the application
	@mkdir -p openapi
	$(BIN)/actiscope openapi > $(VENV)/openapi.json
	mv $(VENV)/openapi.json openapi/openapi.json

pictures: $(VENV)/.dev ## rewrite docs/pictures/ from the service's own routes
	$(BIN)/python -m scripts.pictures

reference: $(VENV)/.service ## rewrite docs/reference.md from the catalogue
	$(BIN)/actiscope reference > $(VENV)/reference.md
	mv $(VENV)/reference.md docs/reference.md

docs: $(VENV)-docs/.stamp ## build the guide from docs/, which `make serve` serves at /guide
	rm -rf $(GUIDE)
	$(VENV)-docs/bin/python -m sphinx --quiet --fail-on-warning --keep-going --nitpicky --fresh-env \
	  --conf-dir docs --doctree-dir $(VENV)-docs/doctrees . $(GUIDE)
	@echo "Built: $(GUIDE)/docs/index.html, and at /guide of a service that starts from here"

lock: $(VENV)-tools/.stamp ## pin the newest allowed dependencies in requirements/, with their hashes
	@$(TOOLS)/python -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' \
	  || { echo "The lock is made with Python 3.11: rm -r $(VENV)-tools; make lock PYTHON=/path/to/python3.11"; exit 1; }
	$(COMPILE) --upgrade --output-file requirements/service.txt pyproject.toml
	$(COMPILE) --upgrade --constraint requirements/service.txt --extra plots --extra tracing --output-file requirements/image.txt pyproject.toml
	$(COMPILE) --upgrade --constraint requirements/image.txt --extra plots --extra test --extra check --extra tracing --output-file requirements/dev.txt pyproject.toml
	$(COMPILE) --upgrade --constraint requirements/dev.txt --all-build-deps --only-build-deps --output-file requirements/build.txt pyproject.toml
	$(COMPILE) --upgrade --constraint requirements/dev.txt --output-file requirements/tools.txt requirements/tools.in
	$(COMPILE) --upgrade --constraint requirements/dev.txt --constraint requirements/tools.txt --output-file requirements/docs.txt requirements/docs.in
	$(COMPILE) --upgrade --output-file requirements/generator.txt requirements/generator.in
	@! grep -nE '://|^ *-' requirements/*.txt | grep -v -- --hash=

audit: $(VENV)-tools/.stamp ## ask for known vulnerabilities of everything that is locked
	$(TOOLS)/python -m scripts.audit $(AUDIT_FLAGS)

sbom: $(VENV)/.service $(VENV)-tools/.stamp ## write the bill of materials, dist/sbom.cdx.json, and check it
	@mkdir -p dist
	$(BIN)/python -m scripts.sbom > dist/sbom.cdx.json
	$(TOOLS)/python -m scripts.sbom_check dist/sbom.cdx.json

wheel: $(VENV)/.service ## build the wheel into dist/
	$(PIP) wheel --no-deps --no-build-isolation --wheel-dir dist .

smoke: $(VENV)/.service ## build the wheel, install it elsewhere, start it and ask it a question
	$(BIN)/python scripts/wheel_smoke.py

clean: ## remove what these commands made
	rm -rf $(VENV) $(VENV)-docs $(VENV)-generator $(VENV)-tools $(GUIDE) .bench build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Actiscope needs Python 3.11 or newer: make PYTHON=/path/to/python3.11 …"; exit 1; }
	$(PYTHON) -m venv $(VENV)

# The stamps say which lock files are installed: a second call installs nothing.
$(VENV)/.service: pyproject.toml requirements/image.txt requirements/build.txt | $(BIN)/python
	$(PIP) install --require-hashes -r requirements/image.txt -r requirements/build.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.service requirements/dev.txt
	$(PIP) install --require-hashes -r requirements/dev.txt
	@touch $@

# Made by the oldest supported Python when it locks, whose newest packages the later ones take too.
$(VENV)-tools/.stamp: requirements/tools.txt
	$(PYTHON) -m venv $(VENV)-tools
	$(TOOLS)/python -m pip --disable-pip-version-check --quiet install --require-hashes -r requirements/tools.txt
	@touch $@

$(VENV)-docs/.stamp: requirements/docs.txt
	$(PYTHON) -m venv $(VENV)-docs
	$(VENV)-docs/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes -r requirements/docs.txt
	@touch $@

$(VENV)-generator/.stamp: requirements/generator.txt
	$(PYTHON) -m venv $(VENV)-generator
	$(VENV)-generator/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes -r requirements/generator.txt
	@touch $@
