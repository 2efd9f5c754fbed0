"""Progress bars for long work: on a terminal by rich, in a notebook by HTML, nowhere else."""

from __future__ import annotations

import html
import importlib
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol, TypeVar, runtime_checkable

T = TypeVar("T")

#: Seconds before a bar appears: what is done sooner needs none.
PATIENCE = 0.5
#: Seconds between two looks of a bar.
PACE = 0.2


@contextmanager
def without_wish_for_widgets() -> Iterator[None]:
    """Import what asks tqdm for a bar, as transformers and TransformerLens do, and leave out one warning.

    In a notebook without ipywidgets tqdm then warns, in red, of a bar that groklens never draws.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="IProgress not found")
        yield


@runtime_checkable
class Bar(Protocol):
    """A display of progress."""

    def draw(self, text: str, done: int, total: int) -> None:
        """Show what is being done and how much of it there is."""

    def close(self) -> None:
        """Remove the bar."""


class _Paced:
    """A display that appears only once the work has lasted a while, and is redrawn no faster than can be read."""

    def __init__(self, make: Callable[[], Bar] | None, patience: float) -> None:
        self._make = make
        self._bar: Bar | None = None
        self._due = time.monotonic() + patience

    def show(self, text: str, done: int, total: int) -> None:
        is_last = self._bar is not None and done == total
        if self._make is None or (time.monotonic() < self._due and not is_last):
            return
        self._bar = self._bar or self._make()
        self._bar.draw(text, done, total)
        self._due = time.monotonic() + PACE

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()


_OPEN: ContextVar[_Paced | None] = ContextVar("groklens_progress", default=None)
#: What stands before the text of the bar, and which part of how many of the work is under way.
_PART: ContextVar[tuple[str, int, int]] = ContextVar("groklens_part", default=("", 0, 1))


@contextmanager
def progress_shown(progress: bool | None) -> Iterator[None]:
    """Context in which `tell` and `each` update a bar; within another such context it adds nothing.

    With `progress` None there is a bar in a notebook, and on standard error where that is a terminal; True
    puts it on standard error elsewhere too, its last look alone, and False shows none. On a terminal and in a
    notebook no trace of it stays, whatever ends the block.
    """
    if _OPEN.get() is not None:
        yield
        return
    paced = _Paced(_place(progress), 0.0 if progress else PATIENCE)
    token = _OPEN.set(paced)
    try:
        yield
    finally:
        _OPEN.reset(token)
        paced.close()


def tell(text: str, done: int, total: int) -> None:
    """Say on the bar, if one is shown, what is being done and how much of it there is."""
    paced = _OPEN.get()
    if paced is not None:
        before, index, count = _PART.get()
        paced.show(f"{before}{text}", index * total + done, count * total)


@contextmanager
def part_of(before: str, index: int, count: int) -> Iterator[None]:
    """Context in which what is told is part `index` of `count` of the work on one bar, with `before` in front of it."""
    token = _PART.set((before, index, count))
    try:
        yield
    finally:
        _PART.reset(token)


def each(items: Sequence[T], what: str) -> Iterator[T]:
    """Iterate over the items while the bar counts them: "measuring step 7 of 22" for `what` "measuring step"."""
    for index, item in enumerate(items):
        tell(f"{what} {index + 1} of {len(items)}", index, len(items))
        yield item


def _place(progress: bool | None) -> Callable[[], Bar] | None:
    if progress is False:
        return None
    if _is_notebook():
        return _NotebookBar
    return _TerminalBar if progress or sys.stderr.isatty() else None


def _is_notebook() -> bool:
    """Whether the code runs in a notebook kernel (Jupyter, Colab or an editor's)."""
    ipython = sys.modules.get("IPython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")


class _TerminalBar:
    """A rich progress bar on standard error."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn(), TextColumn("left"))
        console = Console(stderr=True, force_jupyter=False)
        self._progress = Progress(
            *columns,
            console=console,
            transient=console.is_terminal,
            refresh_per_second=1 / PACE,
            redirect_stdout=sys.stdout.isatty(),  # what goes to a file or a pipe is not for the terminal
        )
        self._progress.start()
        self._task = self._progress.add_task("", total=None)
        self._total = 0

    def draw(self, text: str, done: int, total: int) -> None:
        if total != self._total:  # another piece of work, whose time left starts anew
            self._progress.reset(self._task, total=total)
            self._total = total
        self._progress.update(self._task, completed=done, description=text)

    def close(self) -> None:
        self._progress.stop()


class _NotebookBar:
    """A progress bar in a notebook: one HTML element that is replaced in place, without widgets or standard error."""

    def __init__(self) -> None:
        show = importlib.import_module("IPython.display").display
        self._handle: Any = show(_bundle("", ""), raw=True, display_id=True)

    def draw(self, text: str, done: int, total: int) -> None:
        bar = f'<progress value="{done}" max="{total}"></progress> {html.escape(text)}'
        self._handle.update(_bundle(text, bar), raw=True)

    def close(self) -> None:
        self._handle.update(_bundle("", ""), raw=True)


def _bundle(text: str, markup: str) -> dict[str, str]:
    return {"text/plain": text, "text/html": markup}
