"""Input and output of the command line: notes and errors on standard error, checks of files to read and write."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import json
import logging
import os
import stat
import sys
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import typer

from groklens.errors import BadArgument, one_line, shown
from groklens.value_checks import in_bytes

#: Bytes of the largest recipe that is read: a table of millions of rows.
LARGEST_RECIPE = 2**28
#: How a shell says that a program ended by Ctrl-C.
INTERRUPTED = 130


class Notes(logging.Handler):
    """Messages for standard error, held back until the command ends.

    After an answer each note is a line. Before an error they are part of its line, being its reason.
    """

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.quiet = False  # whether nobody wants to read them after an answer

    def emit(self, record: logging.LogRecord) -> None:
        """Hold back a message that groklens logs."""
        self.say(record.getMessage())

    def say(self, text: str) -> None:
        """Hold back a message."""
        self.lines.append(one_line(text))

    @contextlib.contextmanager
    def collected(self) -> Iterator[None]:
        """Context in which everything logged or warned of is held back."""
        log = logging.getLogger("groklens")
        propagates = log.propagate
        with warnings.catch_warnings():
            warnings.showwarning = lambda message, *_, **__: self.say(str(message))
            log.addHandler(self)
            log.propagate = False
            try:
                yield
            finally:
                log.removeHandler(self)
                log.propagate = propagates

    def show(self) -> None:
        """Print every message once, unless quiet is asked for."""
        for line in () if self.quiet else dict.fromkeys(self.lines):
            typer.echo(line, err=True)
        self.lines.clear()

    def fail(self, said: object) -> NoReturn:
        """Exit with status 2 and one line of error, after printing the messages held back."""
        before = " ".join(dict.fromkeys(self.lines))
        typer.echo(one_line(f"groklens: {said}{f' ({before})' if before else ''}"), err=True)
        sys.exit(2)


#: The notes of this command.
NOTES = Notes()


#: What is asked for where a file has something else.
_A_RECIPE = "give a recipe, or the run.json of a run"
_A_SWEEP = (
    "give a file with `recipe` (as Recipe.to_dict() gives it; or `run`, the folder of a run with it) and `over`, "
    'values by field, such as {"seed": [0, 1, 2]}'
)


def read_json(path: Path, give: str = _A_RECIPE) -> dict[str, Any]:
    """The JSON object in a file; `BadArgument` where there is none, or something that is no file."""
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode) and not stat.S_ISDIR(found.st_mode):
            raise BadArgument(
                f"{path} is {_kind(found.st_mode)} and no file; save the recipe to a file first."
            )
        if found.st_size > LARGEST_RECIPE:
            raise BadArgument(
                f"{path} holds {in_bytes(found.st_size)}, a recipe at most {in_bytes(LARGEST_RECIPE)}; give a recipe."
            )
        values = json.loads(path.read_text(encoding="utf-8"))
    except BadArgument:
        raise
    except (OSError, ValueError, RecursionError) as error:
        why = getattr(error, "strerror", None) or error
        raise BadArgument(f"Cannot read {path} as JSON: {why}; {give}.") from error
    if not isinstance(values, dict):
        raise BadArgument(f"{path} holds no JSON object; write a recipe with Recipe.to_dict().")
    return values


def read_values(path: Path, give: str = _A_RECIPE) -> dict[str, Any]:
    """The values in a JSON or TOML file, by its ending; `BadArgument` where there are none, which says what to give."""
    return _read_toml(path, give) if path.suffix == ".toml" else read_json(path, give)


def read_sweep(path: Path) -> tuple[dict[str, Any], Any]:
    """The recipe and the values to sweep over in a JSON or TOML file; `BadArgument` where one of them is missing."""
    values = read_values(path, _A_SWEEP)
    if isinstance(values.get("run"), str):  # the folder of a run with the recipe, seen from the file
        header = path.parent / values["run"]
        values["recipe"] = read_json(header / "run.json" if header.is_dir() else header).get("recipe")
    if not isinstance(values.get("recipe"), dict) or not isinstance(values.get("over"), (dict, list)):
        raise BadArgument(f"{path} describes no sweep; {_A_SWEEP}.")
    return values["recipe"], values["over"]


def _read_toml(path: Path, give: str) -> dict[str, Any]:
    try:
        tomllib = importlib.import_module("tomllib")
    except ImportError as error:
        raise BadArgument(f"Python 3.10 reads no TOML; write {path} as JSON.") from error
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise BadArgument(f"Cannot read {path} as TOML: {why}; {give}.") from error


@contextlib.contextmanager
def workers_of(count: int, parts: Iterable[Path] | None = None) -> Iterator[Any]:
    """Context with an executor of so many processes that know a user's own parts; None where it is 0: this process."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    if count < 0:
        raise BadArgument(f"--workers is {count}; give how many processes train, or 0 for this one alone.")
    if not count:
        yield None
        return
    files = [file.resolve() for file in parts or ()]
    with ProcessPoolExecutor(count, get_context("spawn"), own_parts, (files,)) as executor:
        yield executor


def check_writable(*paths: Path | None) -> None:
    """Raise `BadArgument` unless a file can be written at each path, before anything is computed."""
    given = [path for path in paths if path is not None]
    for path in given:
        _check_writable(path)
    if len({path.absolute() for path in given}) < len(given):
        raise BadArgument(f"{given[0]} is given twice; give a name to each file.")


def _check_writable(path: Path) -> None:
    from groklens.runs import check_result  # takes torch, which help and mistakes in options do not wait for

    folder = path.absolute().parent
    try:
        if not folder.is_dir():
            raise BadArgument(f"There is no folder {folder} to write {path.name} into.")
        if path.is_dir():
            raise BadArgument(f"{path} is a folder; give the name of a file to write.")
        if path.exists() and not path.is_file():  # a file renamed to there would replace it
            raise BadArgument(f"{path} is {_kind(path.stat().st_mode)}; give the name of a file to write.")
        check_result(path)
        trial = folder / f"{path.name}.{os.getpid()}.tmp"
        trial.touch(exist_ok=False)
        trial.unlink()
    except (OSError, ValueError) as error:
        if isinstance(error, BadArgument):
            raise
        why = getattr(error, "strerror", None) or error
        raise BadArgument(f"Cannot write {shown(path)}: {why}; give a file in a folder of yours.") from error


def _kind(mode: int) -> str:
    kinds = {
        "a pipe": stat.S_ISFIFO,
        "a device": lambda found: stat.S_ISCHR(found) or stat.S_ISBLK(found),
        "a socket": stat.S_ISSOCK,
    }
    return next((name for name, asks in kinds.items() if asks(mode)), "no file")


def interrupted() -> NoReturn:
    """Exit as a shell expects after Ctrl-C."""
    typer.echo(
        "groklens: interrupted; what was written is whole, and train goes on with the same command.", err=True
    )
    sys.exit(INTERRUPTED)


def nobody_reads() -> NoReturn:
    """Exit quietly where the reader of standard output has gone, as in `groklens track run | head`."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(1)


def own_parts(files: Iterable[Path] | None) -> list[Any]:
    """The classes of parts, readers and measures that a user's Python files define; the files are executed.

    Raises `BadArgument` for a file that is none, or that fails.
    """
    found: list[Any] = []
    for file in files or ():
        spec = importlib.util.spec_from_file_location(file.stem, file) if file.suffix == ".py" else None
        if spec is None or spec.loader is None or not file.is_file():
            raise BadArgument(
                f"--parts {file} is no Python file; give the one with your classes: --parts mine.py."
            )
        module = importlib.util.module_from_spec(spec)
        sys.modules[file.stem] = module  # dataclasses look their module up
        try:
            spec.loader.exec_module(module)
        except Exception as error:  # whatever a user's code raises
            raise BadArgument(
                f"--parts {file} fails: {type(error).__name__}: {one_line(str(error))}"
            ) from error
        found += [value for name, value in vars(module).items() if not name.startswith("_")]
    return found
