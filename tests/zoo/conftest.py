"""Models that others trained, read from $GROKLENS_ZOO."""

import functools
import json
import os
from pathlib import Path

import pytest

import groklens as gl

ROOT = Path(os.environ.get("GROKLENS_ZOO", Path(__file__).parents[2].parent / "shared" / "zoo"))


def pytest_collection_modifyitems(items):
    if not (ROOT / "golden.json").is_file():
        reason = f"no models at {ROOT}; set GROKLENS_ZOO to a folder with golden.json"
        for item in items:
            if Path(__file__).parent in Path(item.fspath).parents:
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def zoo():
    return ROOT


@pytest.fixture(scope="session")
def zoo_explained():
    """The explanation of the last model at a path, made once: read only."""
    return functools.cache(lambda path: gl.explain(gl.load(path).final))


@pytest.fixture(scope="session")
def golden():
    return json.loads((ROOT / "golden.json").read_text())
