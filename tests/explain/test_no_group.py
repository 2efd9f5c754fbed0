"""What is said of a task without a group, of which no circuit is asked for."""

import torch

import groklens as gl


def test_when_a_circuit_formed_is_not_said(tmp_path):
    inputs = torch.cartesian_prod(torch.arange(7), torch.arange(7))
    task = gl.TableTask(inputs, inputs.amax(1), name="the larger of two")
    recipe = gl.Recipe(task=task, model=gl.MLP(d_mlp=16), steps=40, evaluate_every=10, keep=gl.Every(20))
    why = gl.explain(gl.train(recipe, tmp_path / "run"))
    assert [phase.name for phase in why.phases] == ["memorisation"]
