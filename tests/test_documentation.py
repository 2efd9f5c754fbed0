"""What the documents say holds: links lead somewhere, public names exist."""

import re
from pathlib import Path

import pytest

import groklens as gl

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "examples").glob("*.md")])


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_relative_links_resolve(document):
    targets = re.findall(r"\]\(([^)#]+)\)", document.read_text())
    local = [target for target in targets if "://" not in target]
    missing = [target for target in local if not (document.parent / target).exists()]
    assert not missing


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_public_names_in_documents_exist(document):
    names = set(re.findall(r"\bgl\.(\w+)", document.read_text()))
    assert not {name for name in names if not hasattr(gl, name)}


def test_every_shipped_run_has_its_command():
    said = (ROOT / "examples" / "README.md").read_text()
    for run in (ROOT / "examples" / "runs").iterdir():
        assert f"remake.py {run.name}" in said


def test_shipped_runs_stay_small():
    files = [path for path in (ROOT / "examples" / "runs").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 42e6
