"""What the documents say holds: links lead somewhere, snippets run, printed output is what the program prints.

`python tests/test_documentation.py` writes the output printed in the README anew.
"""

import functools
import inspect
import json
import os
import re
import sys
from pathlib import Path

import pytest

import groklens as gl
from documents import FENCE, run_document

sys.path.insert(0, str(Path(__file__).parent.parent))

from docs.made import architecture, gallery, known, reference, studies, zoo

ROOT = Path(__file__).parent.parent
PAGES = sorted((ROOT / "docs").rglob("*.md"))
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "examples").glob("*.md"), *PAGES])
README = ROOT / "README.md"
#: Of the printed output, so many lines stand in the README.
PRINTED = 12
#: Numbers as the documents print them, and what the tests put there so that they take seconds.
SMALLER = {
    "steps=2_500": "steps=40",
    "steps=3_000": "steps=60",
    "mine, 1_000,": "mine, 20,",
    "(1, 2_501)": "(1, 41)",
    "gl.Every(100)": "gl.Every(20)",
    "gl.ModularArithmetic(53": "gl.ModularArithmetic(11",
    "d_model=64, n_heads=4, d_head=16, d_mlp=256": "d_model=16, n_heads=2, d_head=8, d_mlp=32",
    "range(8)": "range(2)",
    "steps=10_000": "steps=40",
    "steps=12_000": "steps=60",
    "gl.Every(1_000)": "gl.Every(20)",
    "[5_000]": "[20]",
    "run, 5_000,": "run, 20,",
    "(1, 501)": "(1, 41)",
    "range(3)": "range(2)",
    "steps=1_000,": "steps=40,",
    "gl.Steps([1_000])": "gl.Steps([40])",
    "steps=[1_000]": "steps=[40]",
    "fraction=0.1": "fraction=0.2",
}
#: Words that a newcomer has not met: bold where they are said what they are, which is where they first stand.
DEFINED = (
    "C113", "component", "irrep", "circuit", "memorisation", "circuit formation", "cleanup",
    "sufficient", "necessary", "clock", "pizza", "IPR",
)  # fmt: skip


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_relative_links_resolve(document):
    targets = re.findall(r"\]\(([^)#]+)\)", document.read_text())
    local = [target for target in targets if "://" not in target]
    missing = [
        target
        for target in local
        if not (document.parent / target).exists() and not is_made(document, target)
    ]
    assert not missing


def is_made(document, target):
    """Whether a link of a page of the site leads to one that is made whenever the site is built."""
    return os.path.relpath(document.parent / target, ROOT / "docs") in made_pages()


@functools.cache
def made_pages():
    return {
        address for each in (reference, gallery, known, studies, architecture) for address in each.pages()
    }


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_public_names_in_documents_exist(document):
    names = set(re.findall(r"\bgl\.(\w+)", document.read_text()))
    assert not {name for name in names if not hasattr(gl, name)}


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """An empty folder to work in, with the shipped runs where a checkout has them."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def explained_once(explained, monkeypatch):
    """`gl.explain` of a shipped run gives the explanation that other tests have had made of it."""
    explain = gl.explain

    def explain_once(run, *arguments, **options):
        path = getattr(run, "path", None)
        if path is None or arguments or options or path.resolve().parent != ROOT / "examples" / "runs":
            return explain(run, *arguments, **options)
        return explained(path.name)

    monkeypatch.setattr(gl, "explain", explain_once)


@pytest.mark.slow
def test_the_readme_runs_as_printed(elsewhere, explained_once):
    text = README.read_text(encoding="utf-8")
    assert all(any(printed in page.read_text("utf-8") for page in DOCUMENTS) for printed in SMALLER)
    made, wrong = run_document(text, SMALLER)
    assert not wrong
    assert {"report.html", "curves.html", "mine.html", "mine.json"} <= {p.name for p in elsewhere.iterdir()}
    assert without_numbers(printed_output()) == without_numbers(excerpt(made["why"]))


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_a_page_of_the_site_runs_as_printed(page, elsewhere, explained_once):
    _, wrong = run_document(page.read_text(encoding="utf-8"), SMALLER)
    assert not wrong


def test_the_gallery_has_every_view_and_its_picture():
    assert [each.view for each in gallery.every()] == gallery.views()
    assert all(each.picture.is_file() for each in gallery.every())


def test_the_reference_has_every_public_name_and_leads_to_it():
    """Its index is one line a name, and each leads to a heading that the builder makes, or to plain values."""
    assert set(reference.FAMILIES) == {name for name in gl.__all__ if inspect.ismodule(getattr(gl, name))}
    made = reference.pages()
    index = made["reference/index.md"]
    for family in ("", *reference.FAMILIES):
        module = getattr(gl, family) if family else gl
        names = dir(module) if family else reference.top()
        assert all(f"[`gl.{family + '.' if family else ''}{name}`]" in index for name in names)
    for page, anchor in re.findall(r"\]\((\w+\.md)#([\w.]+)\)", index):
        assert f"::: {anchor}\n" in made[f"reference/{page}"] or anchor == "values"


def test_the_truth_table_is_of_right_answers():
    kept = json.loads(zoo.KEPT.read_text(encoding="utf-8"))
    assert all(each["algorithm"] in each["allowed"] for each in kept)


def test_contributing_runs_as_printed(elsewhere):
    _, wrong = run_document((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    assert not wrong


@pytest.mark.parametrize("word", DEFINED)
def test_the_readme_defines_a_word_where_it_first_uses_it(word):
    prose = re.sub(r"`[^`]*`|!?\[[^]]*\]\([^)]*\)", "", FENCE.sub("", README.read_text(encoding="utf-8")))
    first = re.search(rf"(\*\*)?\b{word}(s\b|\b)(\*\*)?", prose, flags=re.I)
    assert first[1] == "**", prose[first.start() - 80 : first.end() + 20]


def excerpt(why):
    """What the README prints of an explanation."""
    return "\n".join([*str(why).splitlines()[:PRINTED], "  …"])


def printed_output():
    return next(
        snippet for language, snippet in FENCE.findall(README.read_text("utf-8")) if language == "text"
    )


def without_numbers(text):
    """Its lines with every number as #: their sizes depend on the machine, what is said does not."""
    return re.sub(r"\d[\d.,e⁻]*", "#", text).strip().splitlines()


def test_every_shipped_run_has_its_command():
    said = (ROOT / "examples" / "README.md").read_text()
    for run in (ROOT / "examples" / "runs").iterdir():
        assert f"remake.py {run.name}" in said


def test_shipped_runs_stay_small():
    files = [path for path in (ROOT / "examples" / "runs").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 46e6


if __name__ == "__main__":
    why = gl.explain(gl.load(ROOT / "examples" / "runs" / "mod113"))
    README.write_text(README.read_text("utf-8").replace(printed_output(), f"{excerpt(why)}\n"), "utf-8")
