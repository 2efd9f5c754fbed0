"""Odd arguments and odd files for the command line: an answer, or one line and exit status 2; never a traceback."""

import json
import os
import random
import shutil
import stat
import sys

import jaxtyping
import pytest
import torch

import groklens as gl

ODD_PATHS = (
    "", ".", "/", "missing", "empty", "file", "list.json", "bad.json", "deep.json", "deep-task.json",
    "long-number.json", "junk.pt", "junk.safetensors", "other.pt", "loop", "fifo", "to-fifo", "to-device",
    "sparse.json", "x" * 300, "-", "--", "~", "/dev/null", "/proc/self/mem", "ünï 'q\".json", "\udcff", "run\n",
    "run\x00", "\x1b[2J", "http://x.y", "run/run.json", "run/steps", "run/history.csv", "run/steps/x.html",
)  # fmt: skip
NAMES = ("", "x", "<script>", "\x00", "loss\n", "y" * 10**5, "\udcff")
EDITS = {
    "steps": (-1, 0, "x", None, 2.5, True, 10**12, [1]),
    "task": (
        None,
        "add",
        [1],
        {"kind": "ModularArithmetic", "p": 10**9, "op": "add"},
        {"kind": "GroupComposition", "group": {"name": "x", "table": [[0, 1], [1]]}},
        {"kind": "TableTask", "inputs": [[]], "labels": [0]},
        {"kind": [1]},
    ),
    "model": (
        None,
        {"kind": "AdamW"},
        {"kind": "Transformer", "d_model": 10**9},
        {"kind": "Transformer", "d_mlp": 0},
    ),
    "optimizer": ({"kind": "Transformer"}, {"kind": "AdamW", "eps": -1}, {"kind": "AdamW", "betas": [0.9]}),
    "keep": (None, {"kind": "Every", "period": "x"}, {"kind": "Steps", "steps": 5}),
    "seed": (2**70, "x"),
    "train_fraction": (float("nan"), "x", None, 2),
    "colour": ("red",),
}


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """A folder with a run, its recipe, and odd things beside them."""
    folder = tmp_path_factory.mktemp("desk")
    model = gl.MLP(d_mlp=8, d_embed=4)
    recipe = gl.Recipe(
        task=gl.ModularArithmetic(5),
        model=model,
        train_fraction=0.6,
        steps=4,
        evaluate_every=2,
        keep=gl.Every(2),
    )
    gl.train(recipe, into=folder / "run", progress=False)
    text = json.dumps(recipe.to_dict())
    deep = '{"kind": "Corrupted", "fraction": 0.1, "task": ' * 20_000 + "1" + "}" * 20_000
    files = {
        "r.json": text,
        "ünï 'q\".json": text,
        "file": "x",
        "list.json": "[1]",
        "deep.json": "[" * 100_000 + "]" * 100_000,
        "deep-task.json": f'{{"task": {deep}}}',
        "long-number.json": text.replace('"steps": 4', '"steps": ' + "9" * 5000),
    }
    for name, content in files.items():
        (folder / name).write_text(content, encoding="utf-8")
    for name, content in {
        "bad.json": b"\xff\xfe{",
        "junk.pt": b"junk",
        "junk.safetensors": b"junk" * 9,
    }.items():
        (folder / name).write_bytes(content)
    torch.save({"a": torch.zeros(2)}, folder / "other.pt")
    (folder / "empty").mkdir()
    os.mkfifo(folder / "fifo")
    for name, target in {"loop": "loop", "to-fifo": "fifo", "to-device": "/dev/null"}.items():
        os.symlink(target, folder / name)
    with open(folder / "sparse.json", "wb") as file:
        file.truncate(10**10)
    return folder


@pytest.fixture
def ask(desk, shell, monkeypatch):
    """Asks the shell in that folder: what it answers is clear, whatever it was asked."""
    monkeypatch.chdir(desk)
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)  # as for a caller outside the tests
    monkeypatch.setattr(sys, "stdin", open(os.devnull))  # noqa: SIM115

    def asked(*arguments):
        status, out, err = shell(*arguments)
        assert status in (0, 2), arguments
        if status == 2 and arguments:
            lines = [line for line in err.splitlines() if line.strip()]
            assert len(lines) == 1, (arguments, lines)
            assert lines[0].startswith("groklens: ")
            assert lines[0].isprintable()
        return status, out, err

    return asked


@pytest.mark.parametrize("command", ["info", "explain", "track"])
def test_odd_things_where_a_run_is_meant(ask, command):
    for path in ODD_PATHS:
        status, _, err = ask(command, path)
        assert status == 2 or path == "run/run.json", (path, err)


def test_odd_things_where_a_recipe_is_meant(ask):
    for index, path in enumerate(ODD_PATHS):
        status, _, err = ask("train", path, f"out-{index}")
        assert status == 2 or path in ("run/run.json", "ünï 'q\".json"), (path, err)


def test_odd_values_in_a_recipe(ask, desk):
    values = json.loads((desk / "r.json").read_text())
    for field, odd in EDITS.items():
        for value in odd:
            (desk / "edited.json").write_text(json.dumps(values | {field: value}))
            status, _, err = ask("train", "edited.json", "out-edited")
            assert status == 2, (field, value)
            assert "Cannot read" not in err
    assert not (desk / "out-edited").exists()


@pytest.mark.parametrize(
    "command",
    [("explain", "run", "--html"), ("explain", "run", "--json"), ("track", "run", "--csv")],
    ids=" ".join,
)
def test_odd_places_to_write(ask, desk, command, monkeypatch):
    """Each is refused before anything is computed, and nothing that was there is replaced."""
    monkeypatch.setattr(gl, "explain", None)
    monkeypatch.setattr(gl, "track", None)
    before = {path: path.read_bytes() for path in (desk / "run").rglob("*") if path.is_file()}
    places = (
        "",
        ".",
        "empty",
        "no/such/x",
        "file/x",
        "fifo",
        "to-fifo",
        "to-device",
        "/proc/x",
        "x" * 300,
        "a\x00b",
    )
    for place in (*places, "run/run.json", "run/history.csv", "run/steps/x.html"):
        assert ask(*command, place)[0] == 2, place
    assert stat.S_ISFIFO((desk / "fifo").stat().st_mode)
    assert (desk / "to-device").is_char_device()
    assert all(path.read_bytes() == content for path, content in before.items())


def test_one_file_for_two(ask):
    assert "given twice" in ask("explain", "run", "--html", "same", "--json", "same")[2]


def test_odd_options(ask):
    cases = [
        *(("track", "run", "--measure", name) for name in NAMES),
        *(
            ("train", "r.json", "o", "--device", name)
            for name in ("", "evil", "meta", "cuda:99", "cpu\n", "\x00", "1")
        ),
        *(("info", "run", option) for option in ("--verify=maybe", "--jsn", "--json=1", "-x", "x")),
        *((word,) for word in ("nonsense", "-x", "\n", "\udcff", "--version=1", "explain")),
        ("train", "r.json"),
        ("tasks", "x"),
        ("explain", "run", "--html"),
    ]
    for case in cases:
        assert ask(*case)[0] == 2, case


def test_an_error_says_what_was_noted_before_it(ask):
    """A run that does not generalise has no circuit: the reason is a part of the line."""
    _, _, err = ask("track", "run", "--measure", "excluded_loss")
    assert "relative to a circuit" in err
    assert "does not generalise" in err


def test_notes_follow_an_answer(ask):
    status, out, err = ask("track", "run", "--measure", "excluded_loss", "--measure", "loss")
    assert status == 0
    assert out.startswith("step,loss")
    assert [line.split()[0] for line in err.splitlines()] == ["No", "groklens:"]


def test_names_that_cannot_be_spelt(ask, desk):
    for name in ("two\nlines", os.fsdecode(b"\xff")):
        shutil.copytree(desk / "run", desk / name)
        for command in (("info",), ("info", "--json"), ("track",)):
            assert ask(*command, name)[0] == 0


def test_any_words_in_any_order(ask):
    words = [
        "explain",
        "info",
        "tasks",
        "--json",
        "--html",
        "--csv",
        "--verify",
        "--measure",
        "--device",
        "-",
        "--",
    ]
    words += ["run", "r.json", "cpu", "\x00", "", "9" * 50, "--help"]
    draw = random.Random(1)
    for _ in range(80):
        ask(*(draw.choice(words) for _ in range(draw.randrange(1, 6))))
