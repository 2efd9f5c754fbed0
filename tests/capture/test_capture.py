"""Activations across checkpoints, against plain TransformerLens."""

import gc
import importlib.util
import sys
import weakref
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import xarray as xr

import groklens as gl
from groklens.errors import BadArgument, GroklensError, UnknownName
from groklens.runs import RunLike

TASK = gl.ModularArithmetic(5, "sub")
POST, PATTERN, Z = "blocks.0.mlp.hook_post", "blocks.1.attn.hook_pattern", "blocks.1.attn.hook_z"


class Steps:
    """A run without files: a model per seed."""

    name = "seeds"

    def __init__(self, spec=None, task=TASK, steps=(0, 3, 7)):
        self.spec = spec or gl.Transformer(n_layers=2, d_model=16, n_heads=2, d_head=8, d_mlp=32, bias=True)
        self.task, self.steps = task, list(steps)

    def at(self, step):
        return gl.Snapshot(self.spec.build(self.task, seed=step), self.task, step=step)


@pytest.fixture(scope="module")
def run():
    return Steps()


def plainly(run, step, name):
    """What TransformerLens gives without any of our code."""
    model = run.spec.build(run.task, seed=step)
    with torch.no_grad():
        return model.run_with_cache(run.task.inputs)[1][name].numpy()


def close(one, other):
    np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_everything_plain_transformer_lens_gives(run):
    acts = gl.capture(run, lambda name: True)
    assert isinstance(run, RunLike)
    model = run.spec.build(TASK, 7)
    with torch.no_grad():
        _, cache = model.run_with_cache(TASK.inputs)
    assert set(cache.keys()) <= set(acts.data_vars)
    for name in acts.data_vars:
        close(acts[name].sel(step=7).values, cache[name].numpy())


def test_labels_and_coordinates(run):
    acts = gl.capture(run, [POST, PATTERN, Z, "hook_embed"])
    assert list(acts.data_vars) == [POST, PATTERN, Z, "hook_embed"]
    assert acts[POST].dims == ("step", "input", "pos", "neuron")
    assert acts[PATTERN].dims == ("step", "input", "head", "query", "key")
    assert acts[Z].dims == ("step", "input", "pos", "head", "d_head")
    assert acts["hook_embed"].dims == ("step", "input", "pos", "d_model")
    assert acts.step.values.tolist() == [0, 3, 7]
    assert acts.a.values.tolist() == TASK.inputs[:, 0].tolist()
    assert acts.b.values.tolist() == TASK.inputs[:, 1].tolist()
    assert acts.label.values.tolist() == TASK.labels.tolist()
    assert acts[POST].attrs["hook"] == POST
    assert acts[POST].attrs["units"] == "activation"
    assert "seeds" in acts[POST].attrs["source"]
    assert acts.attrs["task"] == TASK.name
    by_answer = acts[POST].isel(pos=-1).groupby("label").mean()  # the coordinates are of use
    assert by_answer.sizes == {"step": 3, "label": 5, "neuron": 32}


@pytest.mark.parametrize("pos", [-1, 0, 2, -3])
def test_one_position(run, pos):
    acts = gl.capture(run, [POST, PATTERN, Z], pos=pos)
    assert acts[POST].dims == ("step", "input", "neuron")
    assert acts[PATTERN].dims == ("step", "input", "head", "key")
    for step in run.steps:
        close(acts[POST].sel(step=step).values, plainly(run, step, POST)[:, pos])
        close(acts[PATTERN].sel(step=step).values, plainly(run, step, PATTERN)[:, :, pos])
    assert acts[POST].attrs["pos"] == pos


def test_names_filters(run):
    one = gl.capture(run, POST, pos=-1)
    listed = gl.capture(run, [POST, POST], pos=-1)
    chosen = gl.capture(run, lambda name: name.endswith("mlp.hook_post"), pos=-1)
    xr.testing.assert_identical(one, listed)
    assert set(chosen.data_vars) == {POST, "blocks.1.mlp.hook_post"}
    xr.testing.assert_identical(one, chosen[[POST]])


def test_some_steps_in_any_order(run):
    acts = gl.capture(run, POST, pos=-1, steps=(step for step in (7, 0, 7)))
    assert acts.step.values.tolist() == [0, 7]
    close(acts[POST].sel(step=7).values, plainly(run, 7, POST)[:, -1])


def test_a_run_from_disk(tiny_run):
    acts = gl.capture(tiny_run, POST, pos=-1)
    assert acts.step.values.tolist() == tiny_run.steps
    close(acts[POST].sel(step=20).values, tiny_run.at(20).neurons.numpy())


def test_a_model_with_axes_of_its_own():
    run = Steps(gl.MLP(d_mlp=8, d_embed=4))
    acts = gl.capture(run, [POST, "hook_embed"])
    assert acts[POST].dims == ("step", "input", "pos", "neuron")
    assert acts["hook_embed"].dims == ("step", "input", "pos_2", "d_model")  # two operands, one answer
    close(acts["hook_embed"].sel(step=3).values, plainly(run, 3, "hook_embed"))


def test_in_blocks_as_at_once(run, monkeypatch):
    whole = gl.capture(run, [POST, Z])
    monkeypatch.setattr("groklens.memory.BUDGETS.capture", 4 * 4096)  # four inputs at a time
    blocks = gl.capture(run, [POST, Z])
    for name in whole.data_vars:
        close(blocks[name].values, whole[name].values)


def test_one_model_at_a_time():
    alive = weakref.WeakSet()

    class Counting(Steps):
        def at(self, step):
            gc.collect()  # modules hold cycles
            assert not alive
            snapshot = super().at(step)
            alive.add(snapshot)
            return snapshot

    gl.capture(Counting(), POST)


class Kept(Steps):
    """The same models every time, so that what stays on them can be seen."""

    def __init__(self):
        super().__init__()
        self.snapshots = {step: super(Kept, self).at(step) for step in self.steps}

    def at(self, step):
        return self.snapshots[step]


def hooks_on(model):
    points = {id(hook): hook for hook in model.hook_dict.values()}  # some have two names
    return sum(len(hook.fwd_hooks) + len(hook.bwd_hooks) for hook in points.values())


def test_no_hook_stays_and_the_users_own_does():
    run = Kept()
    first = run.snapshots[0].model
    first.add_hook(POST, lambda value, hook: value * 0)
    acts = gl.capture(run, POST)
    assert not acts[POST].sel(step=0).values.any()
    assert [hooks_on(snapshot.model) for snapshot in run.snapshots.values()] == [1, 0, 0]
    with torch.no_grad():
        assert not first.run_with_cache(TASK.inputs)[1][POST].any()


def test_no_hook_stays_after_an_error():
    run = Kept()

    def fail(module, args, output):
        raise RuntimeError("in the middle of the model")

    handle = run.snapshots[3].model.original_model.layers[1].register_forward_hook(fail)
    with pytest.raises(BadArgument, match="in the middle of the model"):
        gl.capture(run, lambda name: "hook_post" in name)
    handle.remove()
    assert [hooks_on(snapshot.model) for snapshot in run.snapshots.values()] == [0, 0, 0]


def broken_reduce(values):
    raise ValueError("the user's own mistake")


def test_an_error_in_reduce_is_the_users_to_see():
    run = Kept()
    with pytest.raises(ValueError, match="own mistake"):
        gl.capture(run, POST, reduce=broken_reduce)
    assert [hooks_on(snapshot.model) for snapshot in run.snapshots.values()] == [0, 0, 0]


@pytest.mark.parametrize(
    ("name", "formula"),
    [
        ("mean", lambda x: x.mean(axis=0)),
        ("std", lambda x: x.std(axis=0)),
        ("norm", lambda x: np.sqrt((x**2).sum(axis=0))),
        ("min", lambda x: x.min(axis=0)),
        ("max", lambda x: x.max(axis=0)),
    ],
)
def test_named_statistics(run, name, formula):
    acts = gl.capture(run, POST, pos=-1, reduce=name)
    assert acts[POST].dims == ("step", "neuron")
    assert acts[POST].dtype == np.float64
    assert acts[POST].attrs["reduce"] == name
    assert "input" not in acts.coords
    for step in run.steps:
        expected = formula(plainly(run, step, POST)[:, -1].astype(np.float64))
        np.testing.assert_allclose(acts[POST].sel(step=step).values, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("reduce", "dims"),
    [
        (lambda x: x.abs().amax(dim=0), ("step", "neuron")),
        (lambda x: x - x.mean(dim=0), ("step", "input", "neuron")),
        (lambda x: x.quantile(torch.tensor([0.1, 0.5, 0.9]), dim=0), ("step", "statistic_0", "neuron")),
        (lambda x: (x > 0).double().mean(), ("step",)),
        (lambda x: float((x > 0).sum()), ("step",)),
        (lambda x: x, ("step", "input", "neuron")),
    ],
    ids=["largest", "centred", "quantiles", "share", "number", "nothing"],
)
def test_statistics_of_ones_own(run, reduce, dims):
    acts = gl.capture(run, POST, pos=-1, reduce=reduce)
    assert acts[POST].dims == dims
    for step in run.steps:
        expected = reduce(torch.tensor(plainly(run, step, POST)[:, -1]))
        close(acts[POST].sel(step=step).values, np.asarray(expected))


def test_a_statistic_may_spoil_what_it_is_given(run):
    acts = gl.capture(run, POST, pos=-1, reduce=lambda x: x.mul_(0).sum(dim=0))
    assert not acts[POST].values.any()
    close(gl.capture(run, POST, pos=-1)[POST].sel(step=3).values, plainly(run, 3, POST)[:, -1])


def test_a_statistic_of_changing_shape(run):
    sizes = iter((3, 4, 5))
    with pytest.raises(BadArgument, match=r"shape \(4,\).*step 3.*\(3,\)"):
        gl.capture(run, POST, reduce=lambda x: torch.zeros(next(sizes)))


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ({"names_filter": "blocks.0.mlp.hook_pots"}, UnknownName, "did you mean 'blocks.0.mlp.hook_post'"),
        ({"names_filter": [POST, "hook_nothing"]}, UnknownName, "hook_nothing"),
        ({"names_filter": lambda name: False}, UnknownName, "accepts none"),
        ({"names_filter": "blocks.0.attn.hook_result"}, UnknownName, "switched off"),
        ({"steps": [0, 4]}, UnknownName, "no step 4; nearest are 3, 7"),
        ({"steps": []}, BadArgument, "steps is empty"),
        ({"pos": 3}, BadArgument, "give -3 to 2"),
        ({"pos": -4}, BadArgument, "give -3 to 2"),
        ({"reduce": "median"}, BadArgument, "'mean', 'std'"),
    ],
)
def test_mistakes_are_explained(run, arguments, error, says):
    with pytest.raises(error, match=says):
        gl.capture(run, **{"names_filter": POST, **arguments})


def test_a_run_without_steps():
    with pytest.raises(BadArgument, match="kept no step, so"):
        gl.capture(Steps(steps=()), POST)


class Shared(torch.nn.Module):
    """A model whose hook does not see one row an input."""

    cfg = SimpleNamespace(n_ctx=3)
    hook_dict = {"hook_weights": None, "hook_flat": None}  # noqa: RUF012

    def run_with_cache(self, tokens, names_filter=None):
        return torch.zeros(len(tokens), 5), {
            "hook_weights": torch.ones(7, 2),
            "hook_flat": torch.ones(len(tokens), 2),
        }


def test_hooks_that_do_not_see_one_row_an_input(run):
    shared = SimpleNamespace(task=TASK, steps=[0], at=lambda step: gl.Snapshot(Shared(), TASK))
    with pytest.raises(BadArgument, match=r"'hook_weights' gave shape \(7, 2\) for 25 inputs"):
        gl.capture(shared, "hook_weights")
    with pytest.raises(BadArgument, match="no position; use pos=None"):
        gl.capture(shared, "hook_flat", pos=0)
    assert gl.capture(shared, "hook_flat", pos=-1)["hook_flat"].dims == ("step", "input", "axis_1")
    assert gl.capture(shared, "hook_flat")["hook_flat"].dims == ("step", "input", "axis_1")


def test_on_disk_as_in_memory(run, tmp_path):
    stored = gl.capture(run, [Z, POST], into=tmp_path / "x.zarr")
    assert not isinstance(stored[POST].variable._data, np.ndarray)  # read when it is used
    memory = gl.capture(run, [Z, POST])
    xr.testing.assert_identical(stored.load(), memory)
    again = xr.open_zarr(tmp_path / "x.zarr", consolidated=False, chunks=None)
    xr.testing.assert_identical(again.load()[[Z, POST]], memory.drop_indexes(["a", "b", "label"]))


def test_a_statistic_on_disk(run, tmp_path):
    stored = gl.capture(run, POST, reduce="mean", into=str(tmp_path / "x.zarr"))
    xr.testing.assert_identical(stored.load(), gl.capture(run, POST, reduce="mean"))


def test_a_store_that_is_there_is_left_alone(run, tmp_path):
    gl.capture(run, POST, into=tmp_path / "x.zarr", steps=[0])
    with pytest.raises(BadArgument, match="exists; give another name"):
        gl.capture(run, POST, into=tmp_path / "x.zarr")
    assert xr.open_zarr(tmp_path / "x.zarr", consolidated=False).step.values.tolist() == [0]


def test_what_was_written_before_an_error_is_whole(run, tmp_path):
    class Stops(Steps):
        def at(self, step):
            if step == 7:
                raise OSError(28, "No space left on device")
            return super().at(step)

    with pytest.raises(OSError, match="No space"):
        gl.capture(Stops(), POST, into=tmp_path / "x.zarr")
    left = xr.open_zarr(tmp_path / "x.zarr", consolidated=False)
    assert left.step.values.tolist() == [0, 3]
    close(left[POST].sel(step=3).values, plainly(run, 3, POST))


def test_a_disk_that_is_full(run, tmp_path, monkeypatch):
    def no_space(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(xr.Dataset, "to_zarr", no_space)
    with pytest.raises(GroklensError, match=r"step 0.*No space left"):
        gl.capture(run, POST, into=tmp_path / "x.zarr")


def test_without_zarr_it_says_what_to_install(run, tmp_path, monkeypatch):
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "zarr" else real(name))
    with pytest.raises(BadArgument, match=r'pip install "groklens\[zarr\]"'):
        gl.capture(run, POST, into=tmp_path / "x.zarr")


def test_the_package_of_that_name_does_not_hide_the_function():
    import groklens.capture  # noqa: F401

    assert sys.modules["groklens.capture"].capture is gl.capture


def test_inputs_are_chosen_by_their_operands(run, tmp_path):
    acts = gl.capture(run, POST, pos=-1)
    one = acts[POST].sel(a=3, b=4, step=7)
    assert one.dims == ("neuron",)
    close(one, acts[POST].isel(step=-1, input=3 * 5 + 4))
    assert acts.sel(a=3)[POST].sizes["input"] == 5
    assert acts.sel(a=[1, 3], b=2)[POST].sizes["input"] == 2
    assert acts.sel(label=0).sizes["input"] == 5
    assert acts.sel(a=3).sel(b=4)[POST].dims == ("step", "neuron")
    assert acts.isel(input=[0, 7]).sel(b=[2]).sizes["input"] == 1
    with pytest.raises(UnknownName, match=r"No input has a=9, b=0\."):
        acts.sel(a=9, b=0)
    with pytest.raises(BadArgument, match="chosen exactly"):
        acts.sel(a=3, method="nearest")


def test_captures_are_computed_with_and_written_as_before(run, tmp_path):
    acts = gl.capture(run, POST, pos=-1)
    assert float(abs(acts - gl.capture(run, POST, pos=-1))[POST].max()) == 0
    assert "input" not in gl.capture(run, POST, pos=-1, reduce="mean").dims
    assert acts.mean("input")[POST].sizes == {"step": 3, "neuron": 32}
    assert acts.to_dataframe().shape[0] == acts[POST].size
    if importlib.util.find_spec("zarr"):
        written = gl.capture(run, POST, pos=-1, into=tmp_path / "x.zarr")
        close(written[POST].sel(a=3, b=4, step=7), acts[POST].sel(a=3, b=4, step=7))
        acts.to_zarr(tmp_path / "again.zarr", consolidated=False)
        assert (
            xr.open_zarr(tmp_path / "again.zarr", consolidated=False)["a"].values.tolist()
            == acts["a"].values.tolist()
        )
