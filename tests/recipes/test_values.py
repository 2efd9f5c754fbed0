"""Recipes from a file with one value replaced: what was meant, or one line that says what is wrong."""

import itertools
import json

import jaxtyping
import numpy as np
import pytest
import torch

import groklens as gl
from groklens.errors import BadArgument
from groklens.recipes import Grokfast, Muon, OrthoGrad
from groklens.recipes.keep import MOST_KEPT, kept_up_to
from groklens.tasks import task_from_spec
from odd_values import ODD, at, nested, places, replaced, same, tried

TABLE = ([[0, 0, 2], [0, 1, 2], [1, 0, 2], [1, 1, 2]], [0, 1, 1, 0])
RECIPES = {
    "transformer": gl.Recipe(task=gl.ModularArithmetic(7, "add"), model=gl.Transformer(), steps=50),
    "mlp": gl.Recipe(
        task=gl.Corrupted(gl.GroupComposition("S3"), 0.1),
        model=gl.MLP(d_embed=None),
        optimizer=gl.SGD(),
        keep=gl.Every(7),
        steps=50,
    ),
    "table": gl.Recipe(
        task=gl.TableTask(*TABLE, group="C2", name="xor"),
        model=gl.MLP(),
        keep=gl.Steps([0, 3]),
        train_fraction=0.5,
        steps=50,
    ),
    "relabelled": gl.Recipe(
        task=gl.GroupComposition(gl.FiniteGroup("mine", torch.tensor([[1, 0], [0, 1]]))),
        model=gl.MLP(),
        train_fraction=0.5,
        steps=50,
    ),
    "around": gl.Recipe(
        task=gl.RandomTable(5),
        model=gl.MLP(),
        optimizer=Grokfast(OrthoGrad(Muon())),
        loss="stablemax",
        steps=50,
    ),
    "random": gl.Recipe(task=gl.RandomTable(5), model=gl.MLP(), steps=50),
}
PROBE = gl.Probe([[3, 1, 4], [1, 5, 9]], [4, 2], 12, ["a", "b"])


@pytest.fixture(autouse=True)
def as_outside(monkeypatch):
    """As for a caller outside the tests: types are not checked for us."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("odd", ODD)
def test_each_value_of_a_recipe_replaced(name, odd):
    values = RECIPES[name].to_dict()
    for path in places(values):
        made, _ = tried(gl.Recipe.from_dict, replaced(values, path, ODD[odd]))
        if made is not None:
            assert says(made.to_dict(), path, ODD[odd]), path
            assert gl.Recipe.from_dict(json.loads(json.dumps(made.to_dict()))).id == made.id


#: Where a value may come back as another: filled in, written out, or sorted.
REWRITTEN = (
    ("keep", "until"),
    ("task", "group"),
    ("task", "d_vocab"),
    ("task", "d_vocab_out"),
    ("keep", "steps"),
)


def says(values, path, odd):
    return path[:2] in REWRITTEN or isinstance(odd, dict) or same(at(values, path), odd)


@pytest.mark.parametrize("odd", ODD)
def test_each_value_of_a_probe_replaced(odd):
    values = PROBE.spec()
    for path in places(values):
        made, _ = tried(task_from_spec, replaced(values, path, ODD[odd]))
        if made is not None:
            assert task_from_spec(json.loads(json.dumps(made.spec()))) == made


@pytest.mark.parametrize("odd", ODD)
def test_no_value_of_a_recipe_at_all(odd):
    for make in (gl.Recipe.from_dict, task_from_spec):
        assert tried(make, ODD[odd])[1]


@pytest.mark.parametrize("name", RECIPES)
def test_each_field_left_out_and_one_added(name):
    values = RECIPES[name].to_dict()
    for path in places(values):
        if isinstance(path[-1], str):
            less, more = replaced(values, path, None), replaced(values, path, None)
            del at(less, path[:-1])[path[-1]]
            at(more, path[:-1])["colour"] = "red"
            tried(gl.Recipe.from_dict, less)
            assert (
                "colour" in tried(gl.Recipe.from_dict, more)[1]
                or "None" in tried(gl.Recipe.from_dict, more)[1]
            )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"steps": 2.5}, r"steps is 2\.5; give a whole number"),
        ({"steps": 10**12}, r"at most 1,000,000,000"),
        ({"steps": True}, r"steps is True"),
        ({"task": None}, r"found None"),
        (
            {"task": {"kind": "ModularArithmetic", "p": 10**9, "op": "add"}},
            r"take 20\.8 EiB of memory.*at most 5000",
        ),
        (
            {"task": {"kind": "GroupComposition", "group": "C999999"}},
            r"takes 7\.3 TiB of memory.*at most 5000",
        ),
        ({"task": {"kind": "GroupComposition", "group": "C" + "9" * 5000}}, r"names no group"),
        (
            {"task": {"kind": "TableTask", "inputs": [[0, 1], [1]], "labels": [0, 1]}},
            r"the same number of integers",
        ),
        (
            {"task": {"kind": "TableTask", "inputs": [[0, True]], "labels": [0]}},
            r"True or False among numbers",
        ),
        (
            {"task": {"kind": "TableTask", "inputs": [[0]], "labels": [0], "d_vocab": 10**12}},
            r"466 TiB|465\.7 TiB",
        ),
        ({"task": {"kind": "TableTask", "inputs": [[10**12]], "labels": [0]}}, r"without gaps"),
        (
            {"task": {"kind": "TableTask", "inputs": [[0]], "labels": [0], "name": "a\nb"}},
            r"control character '\\n'",
        ),
        (
            {"task": {"kind": "TableTask", "inputs": [[0]], "labels": [0], "name": "a" * 10**6}},
            r"1,000,000 characters",
        ),
        ({"model": gl.AdamW().__dict__ | {"kind": "AdamW"}}, r"model is of kind 'AdamW'"),
        ({"optimizer": {"kind": "MLP"}}, r"optimizer is of kind 'MLP'"),
        ({"model": {"kind": "Transformer", "d_model": 10**9}}, r"takes 5\.\d TiB of memory"),
        ({"model": {"kind": "Transformer", "d_mlp": 0}}, r"d_mlp is 0; give a whole number of at least 1"),
        ({"model": {"kind": "Transformer", "n_layers": 10**6}}, r"at most 1,000"),
        ({"model": {"kind": "Transformer", "bias": 1}}, r"bias is 1; choose one of False, True, 'mlp'"),
        ({"optimizer": {"kind": "AdamW", "eps": -1e-8}}, r"eps is -1e-08; give a number above zero"),
        ({"optimizer": {"kind": "AdamW", "lr": "1e-3"}}, r"without quotes"),
        ({"optimizer": {"kind": "AdamW", "lr": float("inf")}}, r"lr is inf"),
        ({"optimizer": {"kind": "AdamW", "betas": [0.9, float("nan")]}}, r"betas are 0\.9, nan"),
        ({"optimizer": {"kind": "SGD", "momentum": float("nan")}}, r"momentum is nan.*\[0, 1\)"),
        ({"keep": {"kind": "Steps", "steps": [1] * (MOST_KEPT + 1)}}, r"at most 1,000,000"),
        ({"keep": {"kind": "LogSpaced", "count": 10**9}}, r"at most 1,000,000"),
        ({"keep": {"kind": "Every", "period": 1}, "steps": 10**9}, r"use LogSpaced"),
        ({"seed": 2**70}, r"seed is 1180591620717411303424"),
        ({"train_fraction": float("nan")}, r"train_fraction is nan"),
    ],
)
def test_what_is_said(change, words):
    values = RECIPES["random"].to_dict() | change
    with pytest.raises(BadArgument, match=words):
        gl.Recipe.from_dict(values)


@pytest.mark.parametrize(
    "make",
    [
        lambda: gl.Steps(itertools.count()),
        lambda: gl.Steps(range(10**7)),
        lambda: gl.Steps({3: 4}),
        lambda: gl.Steps([0, 1j]),
        lambda: gl.LogSpaced(5, until=-3),
        lambda: gl.Every(-(10**5000)),
        lambda: gl.Transformer(d_model=10**9),
        lambda: gl.Transformer(causal="no"),
        lambda: gl.Transformer(act_fn=torch.tensor([1.0, 2.0])),
        lambda: gl.MLP(d_mlp=2**62),
        lambda: gl.MLP(bias=0),
        lambda: gl.AdamW(lr=10**400),
        lambda: gl.AdamW(weight_decay=float("nan")),
        lambda: gl.AdamW(lr=True),
        lambda: gl.ModularArithmetic(7, [1]),
        lambda: gl.ModularArithmetic(7, separator=0),
        lambda: gl.Corrupted(gl.RandomTable(5), 1j),
        lambda: gl.Corrupted(gl.RandomTable(5), 0.1, uniform="yes"),
        lambda: gl.TableTask(torch.tensor([[1j, 0]]), [0]),
        lambda: gl.TableTask([[1j, 0]], [0]),
        lambda: gl.TableTask(torch.ones(2, 2).to_sparse(), [0, 1]),
        lambda: gl.TableTask(torch.ones(2, 2, device="meta"), [0, 1]),
        lambda: gl.TableTask(np.array([[object()]], dtype=object), [0]),
        lambda: gl.TableTask(np.array([[2**63 + 5]], dtype=np.uint64), [0]),
        lambda: gl.TableTask(nested(100_000), [0]),
        lambda: gl.TableTask([[0, float("nan")]], [0]),
        lambda: gl.TableTask([[0, 1]], [0], d_vocab=2.5),
        lambda: gl.TableTask([[0, 1]], [0], name=None),
        lambda: gl.FiniteGroup("mine", 5),
        lambda: gl.FiniteGroup("mine", [[0, 1j], [1, 0]]),
        lambda: gl.FiniteGroup("a\x00b", [[0, 1], [1, 0]]),
        lambda: gl.GroupComposition(np.array([[0, 1], [1, 0]], dtype=complex)),
        lambda: gl.Probe([[0, 1]], token_names="ab"),
        lambda: gl.Probe([[0, 1]], token_names=[None]),
        lambda: gl.Probe([[0, 1]], d_vocab=10**12),
        lambda: gl.Recipe.from_dict({1: 2}),
        lambda: gl.ModularArithmetic(7).split(complex(0.3), 0),
    ],
)
def test_parts_refuse_in_one_line(make):
    assert tried(lambda _: make(), None)[1]


@pytest.mark.parametrize(
    "keep", [gl.Every(7), gl.Steps([3, 90, 2]), gl.LogSpaced(9, until=60), gl.LogSpaced(5, 200)]
)
def test_kept_steps_without_asking_for_each(keep):
    assert kept_up_to(keep, 80) == [step for step in range(81) if keep.keeps(step)]


def test_numbers_of_numpy_and_torch_are_numbers():
    optimizer = gl.AdamW(lr=np.float32(0.5), weight_decay=torch.tensor(1.0), warmup_steps=np.int64(3))
    assert optimizer == gl.AdamW(lr=0.5, weight_decay=1.0, warmup_steps=3)
    assert gl.TableTask([[16_777_217.0 - 16_777_216, 0]], torch.tensor([True])).labels.tolist() == [1]


def test_a_model_larger_than_this_machine_is_refused_before_it_is_made(monkeypatch):
    from groklens import value_checks

    monkeypatch.setattr(value_checks, "memory_here", lambda: 2**19)
    task = gl.ModularArithmetic(113)
    for spec in (gl.Transformer(), gl.MLP(d_mlp=4096)):
        with pytest.raises(
            BadArgument, match=r"of memory, and this machine has 512\.0 KiB; give smaller sizes"
        ):
            spec.build(task, seed=0)
