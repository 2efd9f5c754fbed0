PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
LINT := $(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

.PHONY: demo test lint bench notebooks pictures clean

demo: $(READY)
	$(BIN)/groklens explain examples/runs/mod113 --json why.json --html report.html

# Beside the tests, which wait for pages and processes now and then; a worker a core, a thread a worker.
test: $(READY)
	($(LINT)) & lint=$$!; OMP_NUM_THREADS=1 $(BIN)/python -m pytest; tests=$$?; wait $$lint && exit $$tests

bench: $(READY)
	$(BIN)/python -m benchmarks

notebooks: $(READY)
	$(BIN)/jupytext --to ipynb examples/[0-9]*.py

pictures: $(READY)
	$(BIN)/python examples/pictures.py

lint: $(READY)
	$(LINT)

# The stamp is newer than these files once everything that they name is installed.
$(READY): pyproject.toml constraints.txt
	test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable . --group dev
	touch $(READY)

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache report.html why.json artifacts examples/*.ipynb
