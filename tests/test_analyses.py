"""Every study says what would refute it, runs at a small size, and has kept a result to go by."""

import importlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from groklens import Finding

FOLDER = Path(__file__).parents[1] / "analyses"
STUDIES = sorted(path.parent.name for path in FOLDER.glob("*/study.py"))


@pytest.fixture(params=STUDIES)
def name(request, monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER.parent))
    return request.param


def test_it_asks_predicts_and_could_be_refuted(name):
    text = importlib.import_module(f"analyses.{name}.study").__doc__
    assert text.splitlines()[0].endswith("?")
    assert "Prediction" in text
    assert "Refuted if" in text


def test_it_runs_at_a_small_size(name):
    main = importlib.import_module("analyses.__main__")
    result = main.run(name, smoke=True)
    assert result.findings
    assert result.numbers
    assert json.loads(json.dumps(result.to_dict()))["smoke"] is True
    assert main.study_named(name).picture(result.numbers).text


def test_it_has_all_that_a_study_has(name):
    kept = {path.name for path in (FOLDER / name).iterdir()} - {"runs", "__pycache__"}
    needed = {"study.py", "README.md", "result.json", "picture.png"}
    assert kept >= needed
    assert {Path(each).suffix for each in kept - needed} <= {
        ".py",
        ".png",
        ".json",
    }  # what it draws and keeps besides
    study = importlib.import_module(f"analyses.{name}.study")
    for verb in ("measure", "judge", "picture"):
        assert callable(getattr(study, verb))
    assert (Path(__file__).parent / "analyses" / f"test_{name}.py").is_file()
    lines = [
        line for line in (FOLDER / "README.md").read_text().splitlines() if f"({name}/README.md)" in line
    ]
    kept_verdict = json.loads((FOLDER / name / "result.json").read_text())["verdict"]
    assert [line.split("|")[-2].strip() for line in lines] == [kept_verdict]


def test_the_template_is_a_study(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER.parent))
    template, rounded = (importlib.import_module(f"analyses.{each}") for each in ("template", "result"))
    assert len((FOLDER / "template.py").read_text().splitlines()) <= 60
    numbers = rounded.rounded(template.measure(smoke=True))
    assert [finding.key for finding in template.judge(numbers)] == ["wider_is_better"]
    assert template.picture(numbers).text
    for word in ("?", "Prediction", "Refuted if"):
        assert word in template.__doc__


def test_its_result_and_page_are_kept(name):
    kept = json.loads((FOLDER / name / "result.json").read_text())
    assert kept["smoke"] is False
    assert {"verdict", "findings", "runs", "versions", "seconds"} <= kept.keys()
    study = importlib.import_module(f"analyses.{name}.study")
    from groklens import load

    for run in study.RUNS:
        assert kept["runs"][run]["recipe"] == load(FOLDER.parent / "examples" / "runs" / run).recipe.id
    page = (FOLDER / name / "README.md").read_text()
    assert kept["verdict"] in page
    assert (FOLDER / name / "picture.png").is_file()
    assert "picture.png" in page


def test_what_is_kept_follows_from_the_numbers_kept(name):
    again = importlib.import_module("analyses.__main__").judged_again(name)
    kept = json.loads((FOLDER / name / "result.json").read_text())
    assert to_twelve_digits(again) == to_twelve_digits(kept)


def to_twelve_digits(value):
    """JSON with its numbers to twelve digits: the last ones are the processor's."""
    if isinstance(value, dict):
        return {name: to_twelve_digits(each) for name, each in value.items()}
    if isinstance(value, list):
        return [to_twelve_digits(each) for each in value]
    return f"{value:.12g}" if isinstance(value, float) else value


def test_the_listing_has_them_all(name):
    assert name in importlib.import_module("analyses.__main__").listing()


def test_its_findings_are_known_by_their_keys(name):
    kept = json.loads((FOLDER / name / "result.json").read_text())["findings"]
    keys = [finding["key"] for finding in kept]
    assert all(keys)
    assert len(set(keys)) == len(keys)
    for finding in kept:
        controls = [control["key"] for control in finding["controls"]]
        assert all(controls)
        assert len(set(controls)) == len(controls)


def test_a_finding_counts_by_its_role_and_not_by_its_words(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER.parent))
    verdict_of = importlib.import_module("analyses.result").verdict_of
    held = Finding("beside the question: it holds", 1.0, "", "supported", key="held")
    refuted = Finding("it does not", 0.0, "", "refuted", key="refuted", role="aside")
    assert verdict_of([held, refuted]) == "supported"
    assert verdict_of([replace(held, verdict="undecided"), refuted]) == "undecided"
    assert verdict_of([held, replace(refuted, role="prediction")]) == "refuted"
