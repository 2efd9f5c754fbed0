"""One pass in blocks against the whole arrays in float64, whatever way the model is run."""

import pytest
import torch
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import TorchDispatchMode

import groklens as gl
from groklens.errors import BadArgument
from groklens.harmonics import neuron_components
from groklens.snapshots import snapshot as snapshot_
from groklens.snapshots import statistics
from groklens.snapshots.input_statistics import InputStatistics

TASKS = {
    "add": gl.ModularArithmetic(7, "add"),
    "mul": gl.ModularArithmetic(7, "mul"),
    "S3": gl.GroupComposition("S3"),
    "D4": gl.GroupComposition("D4"),
    "no group": gl.RandomTable(5, seed=0),
}
MODELS = {
    "transformer": gl.Transformer(n_layers=1, d_model=16, n_heads=2, d_head=8, d_mlp=24),
    "two layers": gl.Transformer(n_layers=2, d_model=16, n_heads=2, d_head=8, d_mlp=24, act_fn="gelu"),
    "mlp": gl.MLP(d_mlp=24, d_embed=8),
    "no neurons": gl.Transformer(n_layers=1, d_model=16, n_heads=2, d_head=8, d_mlp=None),
}
POST = "blocks.0.mlp.hook_post"


def snapshot_of(model="transformer", task="add"):
    task = TASKS[task]
    return gl.Snapshot(MODELS[model].build(task, seed=1), task, train_index=task.split(0.4, seed=0)[0])


def rows_at_a_time(monkeypatch, snapshot, rows):
    width = (getattr(snapshot.model.cfg, "d_mlp", None) or 0) + snapshot.task.d_vocab_out
    monkeypatch.setattr("groklens.memory.BUDGETS.statistics", 8 * width * rows)


def close(found, expected):
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)


def check(found, task, logits, neurons):
    """Each statistic from its definition."""
    logits, labels, symmetry = logits.double(), task.labels, task.symmetry
    close(found.losses, -logits.log_softmax(dim=1)[torch.arange(len(labels)), labels])
    assert torch.equal(found.correct, logits.argmax(dim=1) == labels)
    if symmetry is None:
        return
    n = symmetry.group.order
    close(found.sums, torch.stack([logits[symmetry.products == z].sum(dim=0) for z in range(n)]))
    of_group = logits[:, :n]
    energy = float((of_group - of_group.mean(dim=1, keepdim=True)).square().sum())
    assert found.energy == pytest.approx(energy, rel=1e-9)
    assert found.energy_about_mean == pytest.approx(
        float((of_group - of_group.mean()).square().sum()), rel=1e-9
    )
    if neurons is None:
        assert found.neurons is None
    else:
        close(found.neurons.shares()[2], neuron_components(neurons, symmetry)[2])


#: A row at a time, some at a time with fewer in the last block, and all at once.
ROWS = [(task, rows) for task in TASKS for rows in (17, 10_000)] + [("S3", 1), ("no group", 1)]


@pytest.mark.parametrize(("task", "rows"), ROWS)
@pytest.mark.parametrize("model", MODELS)
def test_blocks_of_any_size_give_the_statistics_of_the_whole(model, task, rows, monkeypatch):
    snapshot = snapshot_of(model, task)
    rows_at_a_time(monkeypatch, snapshot, rows)
    sizes = [len(block.logits) for block in snapshot.blocks()]
    assert max(sizes) <= rows
    assert (len(sizes) == 1) == (rows >= len(snapshot.task.labels))
    assert sum(sizes) == len(snapshot.task.labels)
    found = InputStatistics(snapshot, snapshot.task.symmetry)
    assert "_at_answer" not in vars(snapshot)  # nothing was kept
    check(found, snapshot.task, snapshot.logits, snapshot.neurons)


@pytest.mark.parametrize("rows", [1, 17, 10_000])
def test_a_model_with_hooks_is_run_with_them(rows, monkeypatch):
    snapshot = snapshot_of()
    rows_at_a_time(monkeypatch, snapshot, rows)
    untouched = InputStatistics(snapshot, snapshot.task.symmetry)
    with snapshot.model.hooks(fwd_hooks=[(POST, lambda value, hook: 0.5 * value)]):
        found = InputStatistics(snapshot, snapshot.task.symmetry)
        with torch.no_grad():
            output, cache = snapshot.model.run_with_cache(snapshot.task.inputs, names_filter=POST)
    logits = output[:, -1, : snapshot.task.d_vocab_out]
    torch.testing.assert_close(
        found.losses,
        -logits.double().log_softmax(dim=1)[range(49), snapshot.task.labels],
        rtol=1e-5,
        atol=1e-6,
    )
    assert not torch.allclose(found.losses, untouched.losses)
    shares = neuron_components(cache[POST][:, -1], snapshot.task.symmetry)[2]
    torch.testing.assert_close(found.neurons.shares()[2], shares, rtol=1e-4, atol=1e-6)


def test_an_edited_snapshot_has_the_statistics_of_what_was_put_in():
    snapshot = snapshot_of()
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(snapshot.logits.shape, generator=generator)
    changed = gl.interventions.patch(snapshot, "logits", logits)
    check(InputStatistics(changed, snapshot.task.symmetry), snapshot.task, logits, changed.neurons)


@pytest.mark.parametrize("model", MODELS)
def test_what_a_snapshot_has_computed_is_used_again_to_the_bit(model, monkeypatch):
    fresh, used = snapshot_of(model), snapshot_of(model)
    rows_at_a_time(monkeypatch, fresh, 17)
    first = InputStatistics(fresh, fresh.task.symmetry)
    _ = used.logits, used.neurons
    monkeypatch.setattr(snapshot_, "run_in_blocks", None)  # it may not run again
    again = InputStatistics(used, used.task.symmetry)
    assert torch.equal(first.losses, again.losses)
    assert torch.equal(first.sums, again.sums)
    assert first.energy == again.energy
    if first.neurons is not None:
        assert torch.equal(first.neurons.shares()[2], again.neurons.shares()[2])


def test_one_pass_serves_all_measures(monkeypatch):
    passes, run = [], snapshot_.run_in_blocks
    monkeypatch.setattr(
        snapshot_, "run_in_blocks", lambda *arguments: passes.append(arguments) or run(*arguments)
    )
    snapshot = snapshot_of()
    for measure in gl.measures.PROGRESS:
        measure(snapshot, gl.Circuit("C7", [1, 3]))
    assert len(passes) == 1
    assert "_at_answer" not in vars(snapshot)


def test_train_logits_beyond_the_budget_are_looked_at_again(monkeypatch):
    circuit = gl.Circuit("C7", [1, 3])
    expected = gl.measures.excluded_loss_each(snapshot_of(), circuit)
    monkeypatch.setattr("groklens.memory.BUDGETS.remembered", 0)
    snapshot = snapshot_of()
    rows_at_a_time(monkeypatch, snapshot, 17)
    found = statistics.input_statistics(snapshot, snapshot.task.symmetry)
    found = torch.cat([rows for rows, _ in found.train_rows(snapshot)])
    assert torch.equal(found, snapshot.train_index)
    assert gl.measures.excluded_loss_each(snapshot, circuit).values == pytest.approx(
        expected.values, rel=1e-6
    )


def test_logits_that_are_not_finite_are_refused_in_whichever_block_they_are(monkeypatch):
    snapshot = snapshot_of("mlp", "no group")
    rows_at_a_time(monkeypatch, snapshot, 10)
    with torch.no_grad():
        snapshot.model.W_E[4] = float("nan")  # the first input with a 4 is (0, 4)
    with pytest.raises(BadArgument, match="not finite, on input 4 first; the model has diverged"):
        gl.measures.loss(snapshot)


@pytest.mark.slow
def test_no_whole_array_is_made_for_the_measures():
    """p = 251 has 63 001 inputs: whole logits would be 63 MB and neurons 129 MB in float32, twice that in float64."""
    task = gl.ModularArithmetic(251, "add")
    model = gl.MLP(d_mlp=512, d_embed=128).build(task, seed=0)
    snapshot = gl.Snapshot(model, task, train_index=task.split(0.3, seed=0)[0])
    with Largest() as largest:
        for measure in gl.measures.PROGRESS:
            measure(snapshot, gl.Circuit("C251", [14, 35]))
    assert largest.megabytes < 30  # 19 of train logits, blocks of at most that
    with Largest() as largest:
        assert snapshot.logits.shape == (251**2, 251)
    assert largest.megabytes > 60  # what it would have been


class Largest(TorchDispatchMode):
    """The largest array that torch made while this was active, in MB."""

    megabytes = 0.0

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        made = operation(*args, **(kwargs or {}))
        for each in pytree.tree_leaves(made):
            if isinstance(each, torch.Tensor):
                self.megabytes = max(self.megabytes, each.untyped_storage().nbytes() / 1e6)
        return made
