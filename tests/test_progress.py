"""Bars: on a terminal, in a notebook (`test_examples` has a real kernel's), and nowhere else."""

import io
import re
import sys
from contextlib import redirect_stderr
from types import SimpleNamespace

import pytest

import groklens as gl
from groklens import progress

SUM = gl.measures.sum_squared_weights


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self):
        return True


class Kernel:
    """What IPython gives inside a kernel: a shell that has one, and displays that can be replaced."""

    def __init__(self):
        self.shown = []
        self.handles = 0

    def get_ipython(self):
        return SimpleNamespace(kernel=self)

    def display(self, bundle, *, raw, display_id):
        assert raw
        assert display_id
        self.handles += 1
        self.shown.append(bundle)
        return SimpleNamespace(update=lambda bundle, raw: self.shown.append(bundle))


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    """Bars without patience."""
    monkeypatch.setattr(progress, "PATIENCE", 0)
    monkeypatch.setattr(progress, "PACE", 1e-9)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)


def on_a_terminal(work):
    """What `work` writes to a standard error that is a terminal."""
    with redirect_stderr(Terminal()) as stream:
        work()
    return stream.getvalue()


@pytest.fixture
def kernel(monkeypatch):
    fake = Kernel()
    monkeypatch.setitem(sys.modules, "IPython", fake)
    monkeypatch.setitem(sys.modules, "IPython.display", fake)
    return fake


def texts(kernel):
    return [bundle["text/plain"] for bundle in kernel.shown]


WORK = {
    "track": (lambda run, **how: gl.track(run, [SUM], **how), "measuring step 4 of 4"),
    "capture": (lambda run, **how: gl.capture(run, "hook_embed", **how), "capturing step 4 of 4"),
    "explain": (lambda run, **how: gl.explain(run, **how), "measuring step 4 of 4"),
}
work = pytest.mark.parametrize(("call", "last"), WORK.values(), ids=WORK)


@work
def test_a_terminal_shows_what_is_being_done(tiny_run, capsys, call, last):
    shown = on_a_terminal(lambda: call(tiny_run))
    assert re.search("(measuring|capturing) step", shown)
    assert shown.count("\x1b[?25l") == shown.count("\x1b[?25h") == 1  # the cursor is hidden, and comes back
    assert shown.endswith("\x1b[2K")  # the line is cleared
    assert capsys.readouterr().out == ""


@work
def test_a_kernel_has_one_element_that_counts_and_is_emptied(tiny_run, kernel, capsys, call, last):
    call(tiny_run)
    assert kernel.handles == 1
    assert last in texts(kernel)
    assert '<progress value="3" max="4"></progress>' in "".join(each["text/html"] for each in kernel.shown)
    assert kernel.shown[-1] == {"text/plain": "", "text/html": ""}
    assert capsys.readouterr() == ("", "")


@work
def test_pipes_and_files_see_nothing(tiny_run, capsys, call, last):
    call(tiny_run)
    assert capsys.readouterr() == ("", "")


@work
def test_no_bar_where_none_is_wanted(tiny_run, call, last):
    assert on_a_terminal(lambda: call(tiny_run, progress=False)) == ""


def test_training_in_a_kernel(tiny_recipe, kernel, capsys, tmp_path):
    gl.train(tiny_recipe, into=tmp_path / "run")
    assert kernel.handles == 1
    assert re.fullmatch(r"step 30 of 30: train loss \S+, test loss \S+ \(accuracy .*%\)", texts(kernel)[-2])
    assert texts(kernel)[-1] == ""
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, ValueError])
def test_an_interruption_leaves_nothing_behind(tiny_run, interruption):
    @gl.measure(long_name="none", units="none", valid_range=(0, 1), source="here")
    def interrupted(snapshot):
        if snapshot.step == 20:
            raise interruption
        return 0.0

    def work():
        with pytest.raises(interruption):
            gl.track(tiny_run, [interrupted])
        progress.tell("nothing is open any more", 1, 2)

    shown = on_a_terminal(work)
    assert shown.endswith("\x1b[2K")
    assert shown.count("\x1b[?25h") == 1
    assert "any more" not in shown


def test_quick_work_shows_no_bar(tiny_run, kernel, monkeypatch):
    monkeypatch.setattr(progress, "PATIENCE", 1e6)
    gl.track(tiny_run, [SUM])
    assert kernel.shown == []


def test_a_bar_is_not_drawn_more_often_than_it_can_be_read(kernel, monkeypatch):
    monkeypatch.setattr(progress, "PACE", 1e6)
    with progress.progress_shown(None):
        for _ in progress.each(range(10_000), "step"):
            pass
    assert texts(kernel) == ["", "step 1 of 10000", ""]


def test_what_is_nested_shares_the_bar(kernel):
    with progress.progress_shown(None):
        for _ in progress.each([1, 2], "outer"):
            with progress.progress_shown(True):
                list(progress.each("ab", "inner"))
    assert kernel.handles == 1
    assert texts(kernel)[1:-1] == [
        "outer 1 of 2", "inner 1 of 2", "inner 2 of 2", "outer 2 of 2", "inner 1 of 2", "inner 2 of 2",
    ]  # fmt: skip


def test_a_bar_that_is_switched_off_stays_off_inside(kernel):
    with progress.progress_shown(False), progress.progress_shown(None):
        list(progress.each("ab", "inner"))
    assert kernel.shown == []
