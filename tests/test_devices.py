"""Models on another device than the processor are looked at there, and found to be what they are here."""

import inspect
import sys

import numpy as np
import pytest
import torch

import groklens as gl
from groklens.errors import BadArgument
from groklens.measures import learning_coefficient
from groklens.measures.measure import Measure
from groklens.training.stack import Stack
from other_device import other_device

TASK = gl.ModularArithmetic(7, "add")
SMALL = {"d_model": 16, "n_heads": 2, "d_head": 8, "d_mlp": 32}
MODELS = {
    "planted": lambda device: gl.planted(TASK, [1, 2, 3]).to(device),
    "transformer": lambda device: gl.Transformer(**SMALL).build(TASK, 0, device),
    "plain model": lambda device: gl.Transformer(**SMALL, n_layers=2, act_fn="solu_ln").build(
        TASK, 0, device
    ),
}
#: What chains walk in: a layer has every kind of weight, and noise is drawn weight by weight.
WALKED = {"plain layer": lambda device: gl.Transformer(**SMALL, act_fn="solu_ln").build(TASK, 0, device)}
MEASURES = [
    measure
    for name in dir(gl.measures)
    for measure in [getattr(gl.measures, name)]
    if isinstance(measure, Measure) and not inspect.isclass(measure)
] + [gl.measures.KernelAlignment(inputs=9, outputs=2), gl.measures.RebuiltAccuracy()]
TOLERANCE = {"rtol": 1e-4, "atol": 1e-6}
#: A real one where there is one, and everywhere one that only refuses to mix.
DEVICES = [
    "other",
    pytest.param(
        "cuda",
        marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device here"),
    ),
]


@pytest.fixture(params=DEVICES)
def device(request, monkeypatch):
    if request.param == "cuda":
        yield "cuda"
        return
    with other_device(monkeypatch) as name:
        yield name


def snapshots(name, device):
    """The same model here and there."""
    index, _ = TASK.split(0.6, 0)
    build = (MODELS | WALKED)[name]
    return [gl.Snapshot(build(place), TASK, train_index=index) for place in ("cpu", device)]


@pytest.mark.parametrize("name", MODELS)
def test_every_measure(name, device):
    here, there = snapshots(name, device)
    circuit, missing = gl.Circuit("C7", [1, 2]), []
    for measure in MEASURES:
        try:
            wanted = np.asarray(measure(here, circuit), dtype=float)
        except BadArgument:
            missing.append(measure)
            continue
        found = np.asarray(measure(there, circuit), dtype=float)
        np.testing.assert_allclose(found, wanted, **TOLERANCE, err_msg=measure.__name__)
    assert len(missing) < len(MEASURES) / 2
    assert there.logits.device.type == there.weights["W_U"].device.type == "cpu"


@pytest.mark.parametrize(
    ("name", "options"),
    [("transformer", {"batch_size": 5, "sampler": "rmsprop"}), ("plain layer", {})],
    ids=["batches", "plain layer"],
)
def test_the_same_noise_walks_the_same_way(name, options, device, monkeypatch):
    """In steps so small that the chains stay where they are: far from there roundings grow apart."""
    monkeypatch.setattr(sys.modules["groklens.measures.sgld"], "_DESCENT_STEPS", 2)
    llc = gl.measures.LLC(draws=20, burn_in=2, chains=2, epsilon=1e-6, **options)
    here, there = (learning_coefficient(each, llc) for each in snapshots(name, device))
    torch.testing.assert_close(there.losses, here.losses, rtol=1e-3, atol=1e-6)
    assert there.reasons == here.reasons


def test_the_explanation(device):
    task = gl.ModularArithmetic(13, "add")
    model = gl.planted(task, [1, 3, 4])
    here = gl.explain(model, task)
    there = gl.explain(model.to(device), task)
    assert there.algorithm == here.algorithm == "clock"
    for found, wanted in zip(there.findings, here.findings, strict=True):
        assert (found.key, found.verdict) == (wanted.key, wanted.verdict)
        assert (found.value is None) == (wanted.value is None)
        np.testing.assert_allclose(found.value or 0.0, wanted.value or 0.0, **TOLERANCE, err_msg=found.key)


def test_activations_over_steps(device):
    sites = ["blocks.0.attn.hook_z", "blocks.0.mlp.hook_post"]
    here, there = (
        gl.capture(gl.Run.of({0: each.model}, TASK), sites) for each in snapshots("transformer", device)
    )
    for site in sites:
        np.testing.assert_allclose(there[site], here[site], **TOLERANCE)


@pytest.mark.parametrize("changes", [{}, {"batch_size": 7, "loss": "mse"}], ids=["all", "mini-batches"])
@pytest.mark.parametrize("many", [1, 3])
def test_a_stack_trains_there_as_here(many, changes, device):
    recipe = gl.Recipe(task=TASK, model=gl.Transformer(**SMALL), train_fraction=0.6, steps=5, **changes)
    stacks = [Stack([recipe] * many, place) for place in ("cpu", device)]
    for update in range(1, 4):
        here, there = losses = [stack.losses(update) for stack in stacks]
        torch.testing.assert_close(there.cpu(), here, **TOLERANCE)
        for stack, each in zip(stacks, losses, strict=True):
            stack.step(each, update)
    for here, there in zip(*(stack.evaluate() for stack in stacks), strict=True):
        assert there == pytest.approx(here, rel=1e-4)
    stacks[1].restore([stacks[0].resume_state(run) for run in range(many)])
