"""Training on a card: captured it gives the bits of the steps that it repeats, and the processor's numbers nearly."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch

import groklens as gl
from groklens.errors import TrainingDiverged
from groklens.recipes import Adam
from groklens.runs.resume import ResumeState
from groklens.training.cuda_graph import CapturedStack, stack_on
from groklens.training.stack import Stack

SMALL = {"d_model": 16, "n_heads": 2, "d_head": 8, "d_mlp": 32}
RECIPE = gl.Recipe(
    task=gl.ModularArithmetic(7, "add"),
    model=gl.Transformer(**SMALL),
    optimizer=gl.AdamW(lr=1e-2, warmup_steps=5),
    train_fraction=0.6,
    steps=40,
    evaluate_every=5,
    keep=gl.Every(10),
)
KINDS = {
    "transformer": {},
    "two layers, norms": {"model": gl.Transformer(**SMALL, n_layers=2, bias=True, normalization="LN")},
    "gelu, not causal": {"model": gl.Transformer(**SMALL, n_layers=2, act_fn="gelu", causal=False)},
    "MLP, squared error": {"model": gl.MLP(d_mlp=16, d_embed=8), "loss": "mse"},
    "momentum": {"optimizer": gl.SGD(lr=0.02, momentum=0.9)},
    "Adam": {"optimizer": Adam(lr=1e-2, warmup_steps=3)},
}
on_a_card = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device here")


@dataclass(frozen=True)
class OwnLoss:
    """Cross-entropy of a user's, who looks at a number in between: what no graph can do."""

    units: str = "nats"

    def each(self, logits, targets):
        assert logits.isfinite().all()
        return torch.nn.functional.cross_entropy(logits.double(), targets, reduction="none")


def three(recipe):
    """Runs of one shape, two of them of one optimiser."""
    return [
        recipe,
        replace(recipe, seed=1),
        replace(recipe, seed=2, optimizer=replace(recipe.optimizer, lr=3e-3)),
    ]


def trained(stack, updates):
    """The losses of each update, and all that a stack would be resumed from."""
    losses = []
    for update in updates:
        found = stack.losses(update)
        losses.append(found.detach().cpu().clone())
        stack.step(found, update)
    states = [stack.resume_state(run) for run in range(len(stack.recipes))]
    return torch.stack(losses), [{k: v.cpu().clone() for k, v in state.items()} for state in states]


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_processor_captures_nothing():
    assert type(stack_on([RECIPE], "cpu")) is Stack


@on_a_card
@pytest.mark.parametrize("many", [False, True], ids=["single", "stacked"])
@pytest.mark.parametrize("changes", KINDS.values(), ids=KINDS)
def test_captured_it_gives_the_same_bits(changes, many):
    recipe = replace(RECIPE, **changes)
    recipes = three(recipe) if many else [recipe]
    eager, captured = Stack(recipes, "cuda"), stack_on(recipes, "cuda")
    losses, states = trained(eager, range(1, 41))
    same_losses, same_states = trained(captured, range(1, 41))
    assert captured._graphs, "nothing was captured"
    assert torch.equal(losses, same_losses)
    for state, same in zip(states, same_states, strict=True):
        assert state.keys() == same.keys()
        for name, value in state.items():
            assert torch.equal(value, same[name]), name


@on_a_card
def test_other_rates_and_losses_asked_for_twice():
    """After it was captured, an update at another rate is made one by one, and the next is a graph's again."""
    updates = [*range(1, 20), 2, 3, *range(20, 30)]
    recipes, stacks = three(RECIPE), []
    for stack in (Stack(recipes, "cuda"), stack_on(recipes, "cuda")):
        stack.losses(1)
        stacks.append(trained(stack, updates))
        stack.losses(40)
    assert torch.equal(stacks[0][0], stacks[1][0])


@on_a_card
@pytest.mark.parametrize(
    "changes",
    [{"batch_size": 7}, {"loss": OwnLoss()}, {"model": gl.Transformer(**SMALL, act_fn="solu_ln")}],
    ids=["mini-batches", "a loss of one's own", "plain model"],
)
def test_what_cannot_be_captured_trains(changes, tmp_path):
    recipe = replace(RECIPE, **changes)
    stack = stack_on([recipe], "cuda")
    assert isinstance(stack, CapturedStack)
    losses, _ = trained(stack, range(1, 41))
    assert not stack._graphs
    cpu, _ = trained(Stack([recipe], "cpu"), range(1, 41))
    torch.testing.assert_close(losses, cpu, rtol=1e-3, atol=0)


@on_a_card
@pytest.mark.parametrize("many", [False, True], ids=["single", "stacked"])
def test_the_numbers_of_the_processor(many, tmp_path):
    recipes = three(RECIPE)
    random, cuda_random = torch.get_rng_state(), torch.cuda.get_rng_state()
    if many:
        runs = gl.train_many(recipes, into=tmp_path / "card", device="cuda")
    else:
        runs = [gl.train(recipe, into=tmp_path / "card" / recipe.id, device="cuda") for recipe in recipes]
    assert torch.equal(random, torch.get_rng_state())
    assert torch.equal(cuda_random, torch.cuda.get_rng_state())
    for recipe, run in zip(recipes, runs, strict=True):
        alone = gl.train(recipe, into=tmp_path / "cpu" / recipe.id)
        assert run.environment["card"] == torch.cuda.get_device_name()
        assert run.steps == alone.steps
        for name in ("train_loss", "test_loss"):
            np.testing.assert_allclose(run.history[name], alone.history[name], rtol=1e-3, err_msg=name)
        assert torch.equal(run.at(0).logits, alone.at(0).logits)


@on_a_card
@pytest.mark.parametrize("number", [2, 5, 6, 7, 23])
@pytest.mark.parametrize("many", [False, True], ids=["single", "stacked"])
def test_interrupted_and_resumed(many, number, tmp_path, monkeypatch):
    """Before the rates settle, before the step is captured, and after it."""
    recipes = three(RECIPE) if many else [RECIPE]

    def train(folder):
        gl.train_many(recipes, into=tmp_path / folder, device="cuda", resume_every=0.0)

    real, count = ResumeState.write, 0

    def write(self, *given):
        nonlocal count
        count += 1
        real(self, *given)
        if count == number:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(ResumeState, "write", write)
        with pytest.raises(KeyboardInterrupt):
            train("twice")
    train("twice")
    train("once")
    assert contents(tmp_path / "twice") == contents(tmp_path / "once")


@on_a_card
def test_one_that_diverges_leaves_the_others_to_finish(tmp_path):
    recipes = three(replace(RECIPE, model=gl.MLP(d_mlp=16, d_embed=8), optimizer=gl.SGD(lr=0.1), loss="mse"))
    recipes[1] = replace(recipes[1], optimizer=gl.SGD(lr=1e6))
    with pytest.raises(TrainingDiverged, match="1 of 3 runs diverged"):
        gl.train_many(recipes, into=tmp_path, device="cuda")
    for recipe in (recipes[0], recipes[2]):
        assert gl.load(tmp_path / recipe.id).finished


@on_a_card
def test_a_finished_stack_leaves_the_memory_of_the_card(tmp_path):
    gl.train_many(three(RECIPE), into=tmp_path / "first", device="cuda")
    before = torch.cuda.memory_allocated()
    gl.train_many(three(replace(RECIPE, steps=41)), into=tmp_path / "second", device="cuda")
    assert torch.cuda.memory_allocated() <= before


@on_a_card
def test_a_table_answered_at_several_positions_is_trained_step_by_step(tmp_path):
    base = RECIPE.task
    both = torch.stack([base.labels, base.labels.roll(3)], dim=1)
    task = gl.TableTask(base.inputs, both, reads=(1, 2), name="two answers")
    runs = [
        gl.train(replace(RECIPE, task=task), tmp_path / device, device=device, progress=False)
        for device in ("cuda", "cpu")
    ]
    one, other = (run.history["train_loss"].values for run in runs)
    np.testing.assert_allclose(one, other, rtol=1e-3)
