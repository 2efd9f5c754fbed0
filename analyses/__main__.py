"""`python -m analyses` lists the studies with their verdicts; `python -m analyses NAME` runs one.

With `--smoke` a study runs on small models in seconds and writes nothing; with `--picture FILE` (.html or .png) it
draws its picture, from the numbers that are kept. With `--model` a study of models that others trained looks at yours
instead, a folder or a name, and writes nothing but the picture that is asked for.
"""

import argparse
import importlib
import inspect
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import groklens as gl
from analyses.result import Result, numbers_of, provenance, question, rounded, stored, verdict_of, write

STUDIES = sorted(path.parent.name for path in Path(__file__).parent.glob("*/study.py"))


def study_named(name: str) -> ModuleType:
    """The module of a study."""
    return importlib.import_module(f"analyses.{name}.study")


def run(name: str, smoke: bool = False, model: str | None = None) -> Result:
    """Run one study: measure, and judge the numbers as they will be kept; of its own model or of another."""
    study, start = study_named(name), time.monotonic()
    numbers = rounded(study.measure(smoke=smoke, **({} if model is None else {"model": model})))
    runs = {} if smoke or model else provenance(study.RUNS) | numbers.pop("runs", {})
    numbers.pop("runs", None)
    findings = study.judge(numbers)
    return Result(name, question(study), findings, runs, time.monotonic() - start, smoke, numbers)


def takes_a_model(name: str) -> bool:
    """Whether a study looks at models that others trained, and can look at another."""
    return "model" in inspect.signature(study_named(name).measure).parameters


def judged_again(name: str) -> dict[str, Any]:
    """The kept result of a study with its findings judged anew, from the numbers that are kept."""
    kept = stored(name)
    assert kept is not None, f"{name} has no result yet; run it first"
    findings = study_named(name).judge(numbers_of(kept))
    return kept | {"findings": [each.to_dict() for each in findings], "verdict": verdict_of(findings)}


def picture(name: str, smoke: bool = False) -> Any:
    """A study's picture, of the numbers that are kept, or with `smoke` of small ones."""
    kept = None if smoke else stored(name)
    numbers = rounded(study_named(name).measure(smoke=True)) if kept is None else numbers_of(kept)
    return study_named(name).picture(numbers)


def listing() -> str:
    """Every study with the verdict that is kept for it."""
    lines = []
    for name in STUDIES:
        kept = stored(name)
        lines.append(f"{name:29} {kept['verdict'] if kept else 'not run':10} {question(study_named(name))}")
    return "\n".join(lines)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m analyses", description=__doc__)
    parser.add_argument("name", nargs="?", choices=STUDIES)
    parser.add_argument("--smoke", action="store_true", help="small models, seconds, nothing written")
    parser.add_argument("--judge", action="store_true", help="judge the kept numbers anew, and keep that")
    parser.add_argument("--picture", metavar="FILE", help="draw the study's picture instead")
    parser.add_argument(
        "--model", metavar="PATH", help="look at this model, a folder, a file or a name, instead"
    )
    chosen = parser.parse_args()
    if chosen.model and (chosen.name is None or chosen.judge or not takes_a_model(chosen.name)):
        able = [name for name in STUDIES if takes_a_model(name)]
        parser.error(f"--model is for a run of {' or '.join(able)}")
    if chosen.name is None:
        print(listing())
    elif chosen.model:
        result = run(chosen.name, smoke=chosen.smoke, model=chosen.model)
        print(*result.findings, f"{chosen.model}: {result.verdict} ({result.seconds:.0f} s)", sep="\n")
        if chosen.picture:
            study_named(chosen.name).picture(result.numbers).save(chosen.picture)
    elif chosen.picture:
        picture(chosen.name, smoke=chosen.smoke).save(chosen.picture)
    elif chosen.judge:
        again = judged_again(chosen.name)
        print(
            *(f"[{each['verdict']}] {gl.Finding.from_dict(each).in_words}" for each in again["findings"]),
            sep="\n",
        )
        print(f"{chosen.name}: {again['verdict']}; written to {write(chosen.name, again)}")
    else:
        result = run(chosen.name, smoke=chosen.smoke)
        print(*result.findings, f"{result.study}: {result.verdict} ({result.seconds:.0f} s)", sep="\n")
        if not chosen.smoke:
            print(f"written to {write(result.study, result.to_dict())}")


if __name__ == "__main__":
    main()
