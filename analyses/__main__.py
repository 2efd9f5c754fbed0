"""`python -m analyses` lists the studies with their verdicts; `python -m analyses NAME` runs one.

With `--smoke` a study runs on small planted models in seconds and writes nothing; with `--picture FILE.html` it
draws its picture.
"""

import argparse
import importlib
import time
from pathlib import Path

from analyses.result import Result, provenance, question, stored

STUDIES = sorted(path.parent.name for path in Path(__file__).parent.glob("*/study.py"))


def run(name: str, smoke: bool = False) -> Result:
    """Run one study."""
    study = importlib.import_module(f"analyses.{name}.study")
    start = time.monotonic()
    findings = study.analyse(smoke=smoke)
    runs = {} if smoke else provenance(study.RUNS)
    return Result(name, question(study), findings, runs, time.monotonic() - start, smoke)


def listing() -> str:
    """Every study with the verdict that is kept for it."""
    lines = []
    for name in STUDIES:
        kept = stored(name)
        asked = question(importlib.import_module(f"analyses.{name}.study"))
        lines.append(f"{name:24} {kept['verdict'] if kept else 'not run':10} {asked}")
    return "\n".join(lines)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m analyses", description=__doc__)
    parser.add_argument("name", nargs="?", choices=STUDIES)
    parser.add_argument("--smoke", action="store_true", help="small planted models, seconds, nothing written")
    parser.add_argument("--picture", metavar="FILE.html", help="draw the study's picture instead")
    chosen = parser.parse_args()
    if chosen.name is None:
        print(listing())
    elif chosen.picture:
        study = importlib.import_module(f"analyses.{chosen.name}.study")
        study.picture(smoke=chosen.smoke).write_html(chosen.picture, config={"displayModeBar": False})
    else:
        result = run(chosen.name, smoke=chosen.smoke)
        print(*result.findings, f"{result.study}: {result.verdict} ({result.seconds:.0f} s)", sep="\n")
        if not chosen.smoke:
            print(f"written to {result.write()}")


if __name__ == "__main__":
    main()
