"""The wheel as a user has it: `python tests/wheel.py dist/NAME.whl`, which `make test-wheel` calls.

It is installed into a clean environment with the newest versions of everything; then what it depends on is taken down
to the oldest that pyproject.toml allows. `tests/installed.py` tries both, far from this checkout. Torch alone is that
of the environment that runs this, linked: it is gigabytes, and the development environment pins it. Sympy, which torch
brings, is what torch asks for.
"""

import os
import re
import subprocess
import sys
import tempfile
import zipfile
from email.parser import Parser
from importlib import metadata
from pathlib import Path

HERE = Path(__file__).parent
#: Where this checkout may be found by accident: only the wheel is to be.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
#: Torch, and what comes with it and is as large.
OF_TORCH = re.compile(r"(torch|nvidia-.*|cuda-.*|triton)$")


def oldest(wheel: Path) -> list[str]:
    """Every dependency of the wheel at its lower bound, but for torch and what torch decides."""
    with zipfile.ZipFile(wheel) as file:
        said = next(name for name in file.namelist() if name.endswith(".dist-info/METADATA"))
        needs = Parser().parsestr(file.read(said).decode()).get_all("Requires-Dist")
    bounds = [re.match(r"([\w-]+)[^;]*?>=([\d.]+)[^;]*$", each) for each in needs]
    return [f"{bound[1]}=={bound[2]}" for bound in bounds if bound and bound[1] not in ("torch", "sympy")]


def link_torch(site: Path) -> None:
    """Link torch, and what it brings that is as large, into an environment, where pip finds it installed."""
    for found in metadata.distributions():
        if OF_TORCH.match(found.metadata["Name"]):
            for top in {each.parts[0] for each in found.files or () if not each.parts[0].startswith("..")}:
                if not (site / top).exists():
                    (site / top).symlink_to(Path(str(found.locate_file(top))).resolve())


def run(*command: object, folder: Path) -> None:
    """Run a command elsewhere; ends this program where it fails."""
    done = subprocess.run([*map(str, command)], cwd=folder, env=ENVIRONMENT, check=False)
    if done.returncode:
        sys.exit(f"failed: {' '.join(map(str, command))}")


def try_wheel(wheel: Path, folder: Path) -> None:
    """Install a wheel into a clean environment in this folder and try it, with the newest versions, then the oldest."""
    run(sys.executable, "-m", "venv", folder / "venv", folder=folder)
    python = folder / "venv" / "bin" / "python"
    link_torch(next((folder / "venv" / "lib").glob("python*")) / "site-packages")
    for called, wanted in {"newest": [], "oldest": oldest(wheel)}.items():
        sys.stdout.write(f"{called}: {' '.join(wanted) or 'whatever pip chooses'}\n")
        sys.stdout.flush()
        torch = f"torch=={metadata.version('torch')}"
        run(python, "-m", "pip", "install", "-q", "--no-compile", wheel, torch, *wanted, folder=folder)
        (folder / called).mkdir()
        run(python, HERE / "installed.py", folder=folder / called)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        try_wheel(Path(sys.argv[1]).resolve(), Path(name))
