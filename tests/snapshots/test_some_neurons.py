"""Some neurons alone are those columns of all of them, by the quick pass and by hooks."""

import pytest
import torch

import groklens as gl
from groklens.models.fast_pass import quick_holds
from groklens.snapshots import n_neurons, some_neurons

TASK = gl.ModularArithmetic(7, "add")
SMALL = {"d_model": 16, "n_heads": 2, "d_head": 8, "d_mlp": 32}
MODELS = {
    "one layer": gl.Transformer(**SMALL),
    "two layers, normed": gl.Transformer(**SMALL, n_layers=2, normalization="LN"),
    "no transformer": gl.MLP(),
}


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("by_hooks", [False, True])
def test_they_are_columns_of_all_neurons(kind, by_hooks, monkeypatch):
    snapshot = gl.Snapshot(MODELS[kind].build(TASK, seed=0), TASK)
    assert quick_holds(snapshot.anatomy.model, TASK.inputs, TASK.d_vocab_out)
    if by_hooks:
        monkeypatch.setitem(some_neurons.__globals__, "quick_holds", lambda *_: False)
    chosen = [5, 0, 17]
    found = some_neurons(snapshot, chosen)
    torch.testing.assert_close(found, snapshot.neurons[:, chosen], rtol=1e-5, atol=1e-6)
    assert found.abs().max() > 0
    assert n_neurons(snapshot) == snapshot.neurons.shape[1]
