"""Any bit of a header flipped: refused, or it changes nothing."""

import json
import os
import random

import pytest
import torch

import groklens as gl
from groklens.errors import DamagedRun
from groklens.runs.header import Header

FIELDS_OF_2 = ("examples", "history_bytes", "loss_units", "sha256")


def as_schema_1(folder):
    """The header as groklens 0.1 wrote it."""
    path = folder / "run.json"
    values = {k: v for k, v in json.loads(path.read_text()).items() if k not in FIELDS_OF_2} | {"schema": 1}
    path.write_text(json.dumps(values, indent=1) + "\n")


def meaning(folder, history=False):
    run = gl.load(folder)
    if history:
        _ = run.history, run.at(10)
    split = None if run.train_index is None else run.train_index.tolist()
    recipe = None if run.recipe is None else run.recipe.id
    return repr(run.task), run.steps, split, run.finished, recipe, run.final.logits


def same(one, other):
    return one[:-1] == other[:-1] and torch.equal(one[-1], other[-1])


@pytest.mark.parametrize("schema", [1, 2])
def test_any_bit(run_folder, schema):
    if schema == 1:
        as_schema_1(run_folder)
    path = run_folder / "run.json"
    data, wanted = path.read_bytes(), meaning(run_folder)
    refused = 0
    for bit in random.Random(schema).sample(range(8 * len(data)), 300):
        damaged = bytearray(data)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        try:
            assert same(meaning(run_folder), wanted), damaged[bit // 8 - 20 : bit // 8 + 20]
        except gl.GroklensError:
            refused += 1
    assert refused > (280 if schema == 2 else 200)


def test_a_folder_of_the_first_schema_loads_and_says_what_is_unguarded(run_folder, tiny_run):
    as_schema_1(run_folder)
    run = gl.load(run_folder, verify=True)
    assert torch.equal(run.final.logits, tiny_run.final.logits)
    assert run.history.identical(tiny_run.history)
    assert "finished" in run.unguarded
    assert "history.csv" not in run.unguarded
    assert tiny_run.unguarded == ()


def test_it_is_written_in_the_new_schema_when_it_is_trained_on(run_folder, tiny_recipe, tiny_run):
    as_schema_1(run_folder)
    values = json.loads((run_folder / "run.json").read_text()) | {"finished": False, "history_sha256": None}
    (run_folder / "run.json").write_text(json.dumps(values))
    run = gl.train(tiny_recipe, into=run_folder)
    assert run.unguarded == ()
    assert json.loads((run_folder / "run.json").read_text())["schema"] == 2
    assert run.history.identical(tiny_run.history)


class EditedAddition(gl.ModularArithmetic):
    """Addition with its labels changed in a notebook, under the old name and description."""

    @property
    def labels(self):
        return super().labels.flip(0)


def test_a_task_edited_under_its_name(tmp_path, tiny_recipe):
    from dataclasses import replace

    task = EditedAddition(7, "add")
    with pytest.raises(gl.GroklensError, match=r"not what its spec\(\) describes.*TableTask"):
        replace(tiny_recipe, task=task)
    with pytest.raises(gl.GroklensError, match=r"not what its spec\(\) describes"):
        gl.Recorder(tiny_recipe.model.build(task, 0), task, into=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_examples_that_are_others_than_those_trained_on(run_folder, monkeypatch):
    monkeypatch.setattr(
        gl.ModularArithmetic, "labels", property(lambda self: torch.zeros(49, dtype=torch.long))
    )
    with pytest.raises(DamagedRun, match="the task was changed since"):
        gl.load(run_folder)


def test_a_step_that_its_recipe_does_not_keep(run_folder):
    header = Header.read(run_folder / "run.json")
    header.checkpoints[7] = header.checkpoints.pop(10)
    header.write(run_folder / "run.json")
    with pytest.raises(DamagedRun, match="step 7, which its recipe does not keep"):
        gl.load(run_folder)


@pytest.mark.parametrize("text", ["[" * 100_000 + "]" * 100_000, '{"schema": 2, "task": ' + "[" * 90_000])
def test_a_header_of_nothing_but_brackets(run_folder, text):
    (run_folder / "run.json").write_text(text)
    with pytest.raises(DamagedRun, match=r"run\.json"):
        gl.load(run_folder)


def test_a_header_that_is_larger_than_any(run_folder):
    with open(run_folder / "run.json", "r+b") as file:
        file.truncate(2**40)  # a sparse file of a tebibyte
    with pytest.raises(DamagedRun, match="sparse file"):
        gl.load(run_folder)


@pytest.mark.parametrize("name", ["run.json", "history.csv", "steps/00000010.safetensors"])
@pytest.mark.parametrize("kind", ["pipe", "device", "loop"])
def test_what_is_no_file_is_not_opened(run_folder, name, kind):
    path = run_folder / name
    path.unlink()
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero" if kind == "device" else path.name)
    with pytest.raises(DamagedRun) as caught:
        gl.load(run_folder, verify=True)
    assert "\n" not in str(caught.value)
    with pytest.raises(DamagedRun):
        meaning(run_folder, history=True)


def test_the_report_and_the_shell_say_what_is_unguarded(run_folder, tiny_run):
    as_schema_1(run_folder)
    about = gl.explain(gl.load(run_folder)).about
    assert "finished" in about["Not under a checksum"]
    assert "Not under a checksum" not in gl.explain(tiny_run).about
