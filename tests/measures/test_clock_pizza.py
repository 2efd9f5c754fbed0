"""What tells a clock from a pizza, against plain loops, and on models planted as either."""

import copy
import itertools
import random

import numpy as np
import pytest
import torch

import groklens as gl
from groklens.errors import BadArgument
from groklens.measures import clock_pizza

P = 13
TASKS = {op: gl.ModularArithmetic(P, op) for op in ("add", "sub")}


def random_model(task):
    return gl.Transformer(d_model=12, n_heads=2, d_head=6, d_mlp=20).build(task, seed=1)


def spread_by_difference(values, task):
    """mean over differences of the standard deviation along the answers, over that of all values."""
    a, b = task.inputs[:, 0].numpy(), task.inputs[:, 1].numpy()
    table = np.empty((P, P))
    second = b if task.op == "add" else -b
    table[(a + second) % P, (a - second) % P] = values
    return np.mean([table[:, d].std() for d in range(P)]) / table.std()


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_distance_irrelevance_of_both_logits(task):
    snapshot = gl.Snapshot(random_model(task), task)
    logits, labels = snapshot.logits.double().numpy(), task.labels.numpy()
    rows = np.arange(len(labels))
    correct = logits[rows, labels]
    others = np.where(np.arange(P) == labels[:, None], -np.inf, logits).max(axis=1)
    assert clock_pizza.distance_irrelevance(snapshot) == pytest.approx(spread_by_difference(correct, task))
    incorrect = clock_pizza.distance_irrelevance_incorrect(snapshot)
    assert incorrect == pytest.approx(spread_by_difference(others, task))


def test_gradient_symmetricity_one_triple_at_a_time():
    task = TASKS["add"]
    model = random_model(task)
    triples = list(itertools.product(range(P), repeat=3))
    random.Random(42).shuffle(triples)
    cosines = []
    for a, b, c in triples[:100]:
        caught = []

        def catch(value, hook, caught=caught):
            caught.append(value.detach().requires_grad_(True))
            return caught[0]

        logits = model.run_with_hooks(torch.tensor([[a, b, P]]), fwd_hooks=[("hook_embed", catch)])
        (gradient,) = torch.autograd.grad(logits[0, -1, c], caught[0])
        cosines.append(float(torch.cosine_similarity(gradient[0, 0], gradient[0, 1], dim=0)))
    found = clock_pizza.gradient_symmetricity(gl.Snapshot(model, task))
    assert found == pytest.approx(np.mean(cosines), abs=1e-5)


def test_circularity_of_each_principal_component():
    task = TASKS["add"]
    snapshot = gl.Snapshot(random_model(task), task)
    rows = snapshot.weights["W_E"][:P].double().numpy()
    u, _, _ = np.linalg.svd(rows - rows.mean(axis=0), full_matrices=False)
    t, shares = np.arange(P), []
    for vector in u.T[:4]:
        v = vector / (np.linalg.norm(vector) * np.sqrt(P))
        waves = [abs(sum(v[i * d % P] * np.exp(2j * np.pi * i / P) for i in t)) ** 2 for d in range(1, P)]
        shares.append(min(1.0, 2 * max(waves)))
    assert clock_pizza.circularity(snapshot) == pytest.approx(np.mean(shares))


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_planted_models_are_told_apart(task):
    clock = gl.Snapshot(gl.planted(task, [2, 5]), task)
    pizza = gl.Snapshot(gl.planted(task, [2, 5], "pizza"), task)
    assert clock_pizza.distance_irrelevance(clock) > 0.9
    assert clock_pizza.distance_irrelevance(pizza) < 0.6
    assert clock_pizza.gradient_symmetricity(clock) < 0.5
    assert clock_pizza.gradient_symmetricity(pizza) > 0.98 or task.op == "sub"


def test_models_that_have_no_embedding_and_groups_without_a_circle_are_refused():
    task = TASKS["add"]
    lookup = gl.Snapshot(gl.planted(task, algorithm="lookup"), task)
    for measure in (clock_pizza.gradient_symmetricity, clock_pizza.circularity):
        with pytest.raises(BadArgument, match=r"hook_embed|W_E"):
            measure(lookup)
    dihedral = gl.GroupComposition("D5")
    with pytest.raises(BadArgument, match="D5 is not cyclic"):
        clock_pizza.circularity(gl.Snapshot(gl.planted(dihedral, ["freq_1"]), dihedral))


def test_a_look_with_gradients_leaves_a_model_that_can_be_copied():
    task = gl.ModularArithmetic(5, "add")
    model = gl.Transformer(d_model=8, n_heads=2, d_head=4, d_mlp=8).build(task, seed=0)
    clock_pizza.gradient_symmetricity(gl.Snapshot(model, task))
    copy.deepcopy(model)
    left = [value for module in model.modules() for value in vars(module).values()]
    assert not [value for value in left if isinstance(value, torch.Tensor) and value.grad_fn is not None]
