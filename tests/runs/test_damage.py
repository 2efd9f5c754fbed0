"""Damaged files: an error that names the file, and everything else still loads."""

import hashlib
import json

import pytest

import groklens as gl
from groklens.errors import DamagedRun
from groklens.recipes.recipe import canonical


def truncate(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def empty(path):
    path.write_bytes(b"")


def flip_a_byte(path):
    data = bytearray(path.read_bytes())
    data[-5] ^= 0x40
    path.write_bytes(bytes(data))


def delete(path):
    path.unlink()


def edit(path, **changes):
    """Change fields of a header, as somebody would who knows of its checksum."""
    write_signed(path, json.loads(path.read_text()) | changes)


def write_signed(path, values):
    values = {name: value for name, value in values.items() if name != "sha256"}
    digest = hashlib.sha256(canonical(values).encode()).hexdigest()
    path.write_text(json.dumps(values | {"sha256": digest}))


@pytest.mark.parametrize("damage", [truncate, empty, flip_a_byte, delete])
def test_one_checkpoint(run_folder, damage):
    damage(run_folder / "steps" / "00000010.safetensors")
    run = gl.load(run_folder)
    with pytest.raises(DamagedRun, match=r"00000010\.safetensors"):
        run.at(10)
    for step in (0, 20, 30):
        assert run.at(step).logits.shape == (49, 7)
    with pytest.raises(DamagedRun, match=r"steps 10 are missing or damaged; steps 0, 20, 30 still load"):
        gl.load(run_folder, verify=True)


def test_every_checkpoint(run_folder):
    for path in (run_folder / "steps").iterdir():
        truncate(path)
    with pytest.raises(DamagedRun, match="none loads"):
        gl.load(run_folder).verify()


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (truncate, "cannot be read as JSON"),
        (empty, "cannot be read as JSON"),
        (lambda path: path.write_bytes(b"\xff\xfe{}"), "cannot be read as JSON"),
        (lambda path: path.write_text("[1, 2]"), "list"),
        (lambda path: path.write_text("{}"), "schema None"),
        (lambda path: edit(path, schema=99), "schema 99"),
        (lambda path: edit(path, checkpoints={"ten": "abc"}), "ten"),
        (lambda path: edit(path, checkpoints=None), "does not describe a run"),
        (lambda path: edit(path, recipe={"steps": 3}), "does not describe a run"),
        (lambda path: edit(path, recipe=None, task={"kind": "Oracle"}), "Oracle"),
    ],
)
def test_the_header(run_folder, damage, says):
    damage(run_folder / "run.json")
    with pytest.raises(DamagedRun, match=says) as caught:
        gl.load(run_folder)
    assert "run.json" in str(caught.value)


@pytest.mark.parametrize(
    "field", ["checkpoints", "recipe", "model", "finished", "environment", "task", "examples"]
)
def test_a_field_gone_from_the_header(run_folder, field):
    values = json.loads((run_folder / "run.json").read_text())
    del values[field]
    write_signed(run_folder / "run.json", values)
    with pytest.raises(DamagedRun, match=field):
        gl.load(run_folder)


def test_an_edited_recipe(run_folder):
    path = run_folder / "run.json"
    recipe = json.loads(path.read_text())["recipe"]
    edit(path, recipe=recipe | {"seed": 12})
    with pytest.raises(DamagedRun, match="it was edited") as caught:
        gl.load(run_folder)
    assert "run.json" in str(caught.value)


def test_a_history_cut_in_the_middle_of_a_line(run_folder):
    path = run_folder / "history.csv"
    path.write_bytes(path.read_bytes()[:-4])
    run = gl.load(run_folder)
    with pytest.raises(DamagedRun, match=r"history\.csv.*every checkpoint still loads"):
        run.verify()
    with pytest.raises(DamagedRun, match=r"history\.csv.*checksum differs.*still load"):
        _ = run.history
    assert run.final.logits.shape == (49, 7)


def test_the_history_of_an_unfinished_run_cut_in_the_middle_of_a_line(run_folder):
    path = run_folder / "history.csv"
    path.write_bytes(path.read_bytes()[:-4])
    edit(run_folder / "run.json", finished=False, history_sha256=None, history_bytes=None)
    run = gl.load(run_folder)
    assert run.history.step.values.tolist() == list(range(30))
    assert "history.csv" in run.unguarded[0]


@pytest.mark.parametrize("finished", [True, False])
@pytest.mark.parametrize(
    "damage",
    [
        delete,
        empty,
        lambda path: path.write_text(path.read_text().replace("train_loss", "loss")),
        lambda path: path.write_text(path.read_text().replace("\n3,", "\nthree,")),
        lambda path: path.write_text(path.read_text().replace("\n4,", "\n4,1,1,")),
        lambda path: path.write_bytes(path.read_bytes()[:300] + b"\xff\xff" + path.read_bytes()[300:]),
    ],
)
def test_a_history_that_cannot_be_read(run_folder, damage, finished):
    damage(run_folder / "history.csv")
    edit(run_folder / "run.json", finished=finished, history_sha256=None, history_bytes=None)
    run = gl.load(run_folder)
    with pytest.raises(DamagedRun, match=r"history\.csv.*still load"):
        _ = run.history
    assert run.final.logits.shape == (49, 7)


def test_one_digit_of_the_history(run_folder):
    path = run_folder / "history.csv"
    path.write_text(path.read_text().replace("\n5,1", "\n5,2"))
    with pytest.raises(DamagedRun, match=r"history\.csv"):
        gl.load(run_folder, verify=True)
    with pytest.raises(DamagedRun, match=r"history\.csv"):
        _ = gl.load(run_folder).history
