"""A type checker sees the mistakes in calls of the installed wheel, and nothing else."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CALLS = Path(__file__).parent / "calls.py"
#: Where this checkout may be found by accident: only the wheel is to be.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def output(*command, folder=ROOT):
    done = subprocess.run(command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr  # 1: the type checker has something to say
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    output(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder))
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def python(wheel, tmp_path_factory):
    """An interpreter that has the wheel, and finds all else where these tests do."""
    venv = tmp_path_factory.mktemp("user") / "venv"
    output(sys.executable, "-m", "venv", "--without-pip", str(venv))
    scheme = sysconfig.get_paths("venv", {"base": str(venv), "platbase": str(venv)})
    site, found = Path(scheme["purelib"]), Path(scheme["scripts"]) / "python"
    output(sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(site), str(wheel))
    (site / "dependencies.pth").write_text("\n".join(path for path in sys.path if path.endswith("-packages")))
    assert Path(output(found, "-c", "import groklens; print(groklens.__file__)")).is_relative_to(site)
    return found


def test_the_wheel_says_that_it_is_typed(wheel):
    assert "groklens/py.typed" in zipfile.ZipFile(wheel).namelist()


@pytest.mark.slow
def test_every_wrong_call_is_flagged_and_no_right_one(python, tmp_path):
    shutil.copy(CALLS, tmp_path)  # beside `src`, pyright would look there
    pyright = (sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", str(python), CALLS.name)
    said = output(*pyright, folder=tmp_path)
    errors = [d for d in json.loads(said)["generalDiagnostics"] if d["severity"] == "error"]
    flagged = {diagnostic["range"]["start"]["line"] + 1 for diagnostic in errors}
    lines = CALLS.read_text(encoding="utf-8").splitlines()
    assert flagged == {number for number, line in enumerate(lines, 1) if line.endswith("# wrong")}
