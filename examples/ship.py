"""Make what the wheel ships of the example runs, and the archives of a release: `python examples/ship.py [ARCHIVES]`.

Of mod113 the wheel has the numbers of all steps and the weights of five, so that it stays small; mod23 whole. Where a
folder for archives is given, each run that is not whole in the wheel becomes one there, stored without compression, so
that it is the same bytes on every machine. Their sizes and checksums go into the package, which checks
downloads by them.
"""

import hashlib
import json
import shutil
import sys
import zipfile
from pathlib import Path

import groklens as gl

HERE = Path(__file__).parent
RUNS = HERE / "runs"
PACKAGE = HERE.parent / "src" / "groklens" / "examples"
#: Untrained, known by heart, halfway, about to clean up, done.
WITH_WEIGHTS = {"mod113": (0, 100, 1_200, 5_600, 15_000), "mod23": None}
#: What every file in an archive is dated, so that its bytes say nothing of when it was made.
DAY = (2026, 1, 1, 0, 0, 0)


def slim(name: str, steps: tuple[int, ...] | None, into: Path) -> None:
    """Copy a run: whole, or with the weights of some steps and the numbers of all."""
    copy = into / name
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(RUNS / name, copy)
    if steps is None:
        return
    run = gl.load(copy)
    gl.track(run, "PROGRESS", into=copy / "measured")
    for step in {*run.steps} - {*steps}:
        (copy / "steps" / f"{step:08d}.safetensors").unlink()
    for step in steps:
        (copy / "measured" / f"step-{step}.json").unlink()


def archive(run: Path, into: Path) -> dict[str, object]:
    """Write a run as one file; its size and checksum."""
    path = into / f"{run.name}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as file:
        for each in sorted(run.rglob("*")):
            if each.is_file():
                file.writestr(
                    zipfile.ZipInfo(f"{run.name}/{each.relative_to(run).as_posix()}", DAY), each.read_bytes()
                )
    return {"bytes": path.stat().st_size, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}


if __name__ == "__main__":
    for name, steps in WITH_WEIGHTS.items():
        slim(name, steps, PACKAGE / "runs")
    if len(sys.argv) > 1:
        folder = Path(sys.argv[1])
        folder.mkdir(parents=True, exist_ok=True)
        elsewhere = [run for run in sorted(RUNS.iterdir()) if WITH_WEIGHTS.get(run.name, True)]
        whole = {run.name: archive(run, folder) for run in elsewhere}
        (PACKAGE / "archives.json").write_text(json.dumps(whole, indent=1) + "\n")
    size = sum(each.stat().st_size for each in (PACKAGE / "runs").rglob("*") if each.is_file())
    print(f"{size / 1e6:.1f} MB in the package")
