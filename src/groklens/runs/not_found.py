"""Error messages for a path at which no run is found: what is there instead, and what to type."""

from __future__ import annotations

import difflib
import os
from pathlib import Path

from groklens.errors import BadArgument, DamagedRun
from groklens.runs.file_kinds import told_apart
from groklens.runs.paths import RunPaths
from groklens.runs.readers import READERS
from groklens.runs.readers.safe_loading import read_json_file
from groklens.runs.readers.state_dict import how, some_names
from groklens.runs.readers.weight_content import WEIGHTS, content_of, is_of_weights
from groklens.runs.readers.weight_files import open_weights

#: Entries of a folder that are looked at, and named.
_LOOKED_AT, _NAMED = 40, 8
#: Levels of folders below one, and names in them, that are looked through for a run.
_DEEP, _NAMES = 4, 400
_STEPS = "; where they are steps of one run, let their names say so: step_100.pt, step_200.pt, …"


def nothing_at(path: Path) -> str:
    """The message for a path that does not exist: its nearest existing folder, and the runs there.

    >>> nothing_at(Path("nowhere/mod113")).split(";")[0]
    'nowhere/mod113 does not exist'
    """
    if path.is_symlink():
        return f"{path} is a link to {os.readlink(path)!r}, and nothing is there; copy the file itself."
    folder = next((parent for parent in path.parents if exists(parent)), Path())
    missing = path.relative_to(folder).parts[0] if path != folder else str(path)
    there = _entries(folder)
    close = difflib.get_close_matches(missing, [entry.name for entry in there], n=3, cutoff=0.6)
    runs = [entry for entry in there if holds_a_run(entry)]
    said = f"{path} does not exist; there is no {missing!r} in {folder.absolute()}."
    if close:
        said += f" Did you mean {' or '.join(repr(str(folder / name)) for name in close)}?"
    elif runs:
        said += f" Runs there: {_listed(runs)}."
    hub = (
        " Example runs are opened by gl.examples.load; of a model on the Hugging Face hub, give its name with "
        "revisions=."
        if len(path.parts) <= 2
        else ""
    )
    return f"{said} Give the folder or file of a run: gl.load('runs/mine').{hub}"


def nothing_known(path: Path) -> str:
    """The message for a path that exists and is not a run by itself."""
    owner = owner_of(path)
    if owner is not None:
        return f"{path} is a part of the run in {owner}; give that folder: gl.load({str(owner)!r})."
    sweep = path if path.is_dir() else path.parent
    if RunPaths(sweep).sweep.is_file() and path in (sweep, RunPaths(sweep).sweep):
        return _of_sweep(sweep)
    if path.is_dir():
        return _of_folder(path)
    several = _not_told(path) or told_apart(path)
    if several:
        return several
    found = _content(path)
    opening = f" {how(path)}" if is_of_weights(path) else ""
    return f"{path} is of no format known here (found {found}).{opening} {_known()}"


def owner_of(path: Path) -> Path | None:
    """The run of ours that `path` is a part of, if any.

    >>> owner_of(Path("nowhere/steps")) is None
    True
    """
    return next((one for one in path.absolute().parents[:2] if RunPaths(one).header.is_file()), None)


def holds_a_run(path: Path) -> bool:
    """Whether `load` would find a run there, regardless of damage."""
    if RunPaths(path).header.is_file():
        return True
    if path.is_file() and not is_of_weights(path):
        return False
    return any(reader.recognises(path) for reader in READERS)


def exists(path: Path) -> bool:
    """Whether there is anything at `path`; false for names that no file can have."""
    try:
        return path.exists()
    except (OSError, ValueError):  # too long, a loop of links, a zero byte
        return False


def _not_told(path: Path) -> str:
    """The message for weights whose model or step cannot be told; empty for other files."""
    try:
        open_weights(path)
    except BadArgument as error:
        return str(error)
    except DamagedRun:
        return ""
    return ""


def _damage(path: Path) -> str:
    """What is wrong with the last step of a folder of steps; empty where it can be read."""
    try:
        open_weights(path)
    except DamagedRun as error:
        return str(error)
    except BadArgument:
        return ""
    return ""


def _of_folder(path: Path) -> str:
    damaged = _damage(path)
    if damaged:
        return f"{damaged} The steps before it open once it is moved out of {path}."
    there = _entries(path)
    runs = [entry for entry in there if holds_a_run(entry)]
    if runs:
        steps = "" if len(runs) < 2 or not _not_told(path) else _STEPS
        return (
            f"{path} is a folder of {len(runs)} run{'s' * (len(runs) > 1)} ({_listed(runs)}) and none itself; give "
            f"one of them, such as gl.load({str(runs[0])!r}){steps}."
        )
    if not there:
        return f"{path} is an empty folder; give the folder of a run, which holds run.json. {_known()}"
    if (path / ".metadata").is_file() and any(entry.suffix == ".distcp" for entry in there):
        return (
            f"{path} is a checkpoint of torch.distributed, in parts; put it together: "
            f"torch.distributed.checkpoint.format_utils.dcp_to_torch_save({str(path)!r}, 'one.pt')."
        )
    deeper = _first_below(path)
    found = f" Deeper in it lies what may be one: gl.load({str(deeper)!r})." if deeper is not None else ""
    return f"{path} is of no format known here (found {_listed(there)}).{found} {_known()}"


def _first_below(folder: Path) -> Path | None:
    """A run, a file of weights or a folder of several below a folder, told by names alone; None where there is none."""
    folders, left = [(folder, 0)], _NAMES
    while folders and left > 0:
        here, deep = folders.pop(0)
        there = _entries(here)
        left -= len(there)
        weights = [entry for entry in there if entry.suffix in WEIGHTS and deep]
        if deep and (RunPaths(here).header.is_file() or len(weights) > 1):
            return here
        if weights:
            return weights[0]
        if deep < _DEEP:
            folders += [(entry, deep + 1) for entry in there if entry.is_dir() and not entry.is_symlink()]
    return None


def _of_sweep(path: Path) -> str:
    runs = [entry for entry in _entries(path) if holds_a_run(entry)]
    one = f", or one of its runs: gl.load({str(runs[0])!r})" if runs else ""
    return f"{path} is a sweep, of many runs; open it by gl.sweeps.load({str(path)!r}){one}."


def _content(path: Path) -> str:
    """The first names in a file, as text."""
    if is_of_weights(path):
        return _kind(content_of(path))  # a damaged file or pickled code says so itself
    if path.suffix == ".json":
        return f"JSON: {_kind(read_json_file(path))}"
    if path.suffix in (".pkl", ".pickle", ".joblib"):
        return "a pickle, which could run code, so it is not opened: torch.save(model.state_dict(), path) is read"
    return path.name


def _kind(content: object) -> str:
    if isinstance(content, dict):
        return f"a dictionary with {some_names(content)}" if content else "a dictionary with nothing in it"
    if isinstance(content, (list, tuple)):
        within = f" of {type(content[0]).__name__}" if content else ""
        return f"a {type(content).__name__} of {len(content)}{within}"
    return f"a {type(content).__name__}"


def _known() -> str:
    return (
        f"Known: a folder with run.json, and {', '.join(reader.NAME for reader in READERS)}; a format can be "
        "forced with format=."
    )


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())[:_LOOKED_AT]
    except OSError:  # no folder, or none that may be read
        return []


def _listed(paths: list[Path]) -> str:
    return ", ".join(path.name for path in paths[:_NAMED]) + (", …" if len(paths) > _NAMED else "")
