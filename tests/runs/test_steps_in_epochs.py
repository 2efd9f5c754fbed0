"""Steps that are epochs, as names of files count them: said wherever a unit of steps is."""

import pytest
import torch
from foreign_formats import ADD, PLAIN, transformer

import groklens as gl
from groklens.explain.run_facts import run_facts


def loaded(folder, names, inside=None):
    for name in names:
        (folder / name).parent.mkdir(exist_ok=True)
        torch.save(transformer() if inside is None else {"model": transformer()} | inside, folder / name)
    return gl.load(folder, task=ADD, config=PLAIN)


@pytest.mark.parametrize(
    ("names", "inside", "counted"),
    [
        (("epoch_000.pt", "epoch_050.pt"), None, "epochs"),
        (("ep0.pt", "ep50.pt"), {"epoch": 50}, "epochs"),
        (("epoch_5/model.pt", "epoch_50/model.pt"), None, "epochs"),
        (("epoch=0-step=5.pt", "epoch=50-step=5.pt"), None, "epochs"),
        (("epoch_000.pt", "epoch_050.pt"), {"step": 50}, None),  # one update an epoch, as the file says
        (("epoch=1-step=20.pt", "epoch=2-step=50.pt"), None, None),
        (("step_0.pt", "step_50.pt"), None, None),
    ],
)
def test_what_names_count_is_known(names, inside, counted, tmp_path):
    run = loaded(tmp_path, names, inside)
    assert run.steps[-1] == 50
    assert run.known.get("steps count") == counted


def test_a_lone_file_too(tmp_path):
    torch.save(transformer(), tmp_path / "epoch_7.pt")
    run = gl.load(tmp_path / "epoch_7.pt", task=ADD, config=PLAIN)
    assert (run.steps, run.known["steps count"]) == ([7], "epochs")


def test_texts_and_axes_say_epochs(tmp_path):
    run = loaded(tmp_path, ("epoch_000.pt", "epoch_050.pt"))
    table = gl.track(run, ["loss"])
    assert table["step"].attrs["units"] == "epochs"
    assert gl.capture(run, ["blocks.0.hook_resid_pre"])["step"].attrs["units"] == "epochs"
    assert run_facts(run, run.final)["Steps"] == "50 epochs, 2 steps kept"
    assert "training step (epochs)" in str(gl.views.curves(table).spec)
    said = gl.explain(run).methods()
    assert "steps count epochs" in said
    assert "the number of updates" in said.partition("Not known:")[2]
