"""A run that was trained on its test inputs for a while is not said to generalise to them, before or after."""

import pytest
import torch

import groklens as gl


def trained_by_turns(turns, into):
    """A run of a table by heart, recorded as of one half of it, whatever it is trained on by turns."""
    pairs_of_11 = torch.cartesian_prod(torch.arange(11), torch.arange(11))
    task = gl.TableTask(pairs_of_11, gl.RandomTable(11, seed=3).labels, name="mine")
    model, step = gl.MLP(d_mlp=128, d_embed=32).build(task, 0), 0
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    half = task.split(0.5, 0)[0]
    with gl.Recorder(model, task, into, keep=gl.Every(20), train_index=half) as recorder:
        for is_half, steps in turns:
            index = half if is_half else torch.arange(121)
            for _ in range(steps):
                optimizer.zero_grad()
                logits = model(task.inputs[index])[:, -1]
                torch.nn.functional.cross_entropy(logits, task.labels[index]).backward()
                optimizer.step()
                recorder.step(step := step + 1)
    return recorder.run


@pytest.mark.parametrize(
    "turns",
    [[(True, 100), (False, 100), (True, 100)], [(True, 100), (False, 100)], [(False, 100), (True, 20)]],
)
def test_a_table_by_heart_that_was_trained_on_its_test_inputs_for_a_while_does_not_generalise(
    turns, tmp_path
):
    why = gl.explain(trained_by_turns(turns, tmp_path / "run"))
    assert why.finding("generalises").value >= 0.99
    assert why.finding("split.losses").verdict != "supported"
    assert ") generalises" not in why.headline
    assert (
        "not show in its losses where these came to be answered, as it would not had it been trained"
        in why.headline
    )
    assert why.phases == []


def test_nor_is_it_where_few_of_its_steps_are_asked_for(tmp_path):
    run = trained_by_turns([(False, 100), (True, 20)], tmp_path / "run")
    why = gl.explain(run, steps=[0, 120])
    assert why.table.sizes["step"] == 2
    assert ") generalises" not in why.headline


def test_nor_is_its_last_snapshot_alone(tmp_path):
    run = trained_by_turns([(False, 100), (True, 20)], tmp_path / "run")
    assert ") generalises" not in gl.explain(run.final).headline


def test_a_snapshot_whose_split_is_said_with_it_is_judged_by_its_run_with_that_split(tmp_path):
    run = trained_by_turns([(False, 100), (True, 20)], tmp_path / "run")
    models = {step: run.at(step).model for step in run.steps}
    unsplit = gl.Run.of(models, run.task)
    why = gl.explain(unsplit.final, train_index=run.train_index)
    assert why.finding("split.losses").verdict != "supported"
    assert ") generalises" not in why.headline
