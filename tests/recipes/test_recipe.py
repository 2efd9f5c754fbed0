"""Recipes as values: one id a recipe, nothing lost on the way through JSON."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groklens.errors import BadArgument
from groklens.models import MLP, Transformer
from groklens.recipes import SGD, AdamW, Every, Grokfast, LogSpaced, Muon, OrthoGrad, Recipe, Steps
from groklens.tasks import ModularArithmetic, RandomTable, TableTask

# Beartype draws at random which item of a sequence it looks at, and hypothesis notices.
pytestmark = pytest.mark.filterwarnings("ignore:Do not use the `random` module")

RATES = st.one_of(st.integers(1, 3), st.floats(1e-5, 3.0))
TASKS = st.sampled_from(
    [
        ModularArithmetic(5, "add"),
        ModularArithmetic(5, "mul"),
        RandomTable(5, seed=1),
        TableTask([[0, 1], [1, 0]], [0, 1], group="C2"),
    ]
)
MODELS = st.one_of(
    st.builds(
        Transformer,
        n_layers=st.integers(1, 3),
        d_mlp=st.sampled_from([None, 8]),
        bias=st.sampled_from([False, True, "mlp"]),
        normalization=st.sampled_from([None, "LN", "LNPre"]),
        causal=st.booleans(),
        init=st.sampled_from(["nanda", "gpt2"]),
    ),
    st.builds(MLP, d_embed=st.sampled_from([None, 4]), combine=st.sampled_from(["sum", "concat"])),
)
OPTIMIZERS = st.one_of(
    st.builds(AdamW, lr=RATES, weight_decay=RATES, warmup_steps=st.integers(0, 5)),
    st.builds(SGD, lr=RATES, weight_decay=RATES, momentum=st.floats(0, 0.9)),
    st.builds(Muon, lr=RATES, weight_decay=RATES, adam_lr=RATES),
)
OPTIMIZERS = st.one_of(
    OPTIMIZERS, st.builds(OrthoGrad, OPTIMIZERS), st.builds(Grokfast, OPTIMIZERS, gain=RATES)
)
KEEPS = st.one_of(
    st.builds(Every, st.integers(1, 9)),
    st.builds(Steps, st.lists(st.integers(0, 50), max_size=5)),
    st.builds(LogSpaced, st.integers(2, 9)),
)
RECIPES = st.builds(
    Recipe,
    task=TASKS,
    model=MODELS,
    optimizer=OPTIMIZERS,
    train_fraction=st.sampled_from([0.5, 0.8, 1, 1.0]),
    loss=st.sampled_from(["cross_entropy", "mse", "stablemax"]),
    batch_size=st.sampled_from([None, 1, 8]),
    steps=st.integers(1, 60),
    evaluate_every=st.sampled_from([None, 1, 10]),
    seed=st.integers(0, 3),
    keep=KEEPS,
)


@settings(max_examples=80, deadline=None)
@given(recipe=RECIPES)
def test_round_trip_through_json(recipe):
    again = Recipe.from_dict(json.loads(json.dumps(recipe.to_dict())))
    assert again == recipe
    assert again.id == recipe.id
    assert again.to_dict() == recipe.to_dict()


@settings(max_examples=150, deadline=None)
@given(one=RECIPES, other=RECIPES)
def test_ids_are_equal_exactly_when_recipes_are(one, other):
    assert (one.id == other.id) == (one == other)
    assert bool(one.differences(other)) == (one != other)


CHANGES = {
    "task": ModularArithmetic(7, "sub"),
    "model": Transformer(d_model=64),
    "optimizer": AdamW(lr=2e-3),
    "train_fraction": 0.4,
    "loss": "mse",
    "batch_size": 4,
    "steps": 11,
    "evaluate_every": None,
    "seed": 1,
    "keep": Every(3),
}


@pytest.mark.parametrize("field", CHANGES)
def test_every_field_counts(field):
    base = {"task": ModularArithmetic(7), "model": Transformer(), "steps": 10, "keep": Every(2)}
    one, other = Recipe(**base), Recipe(**{**base, field: CHANGES[field]})
    assert one != other
    assert one.id != other.id
    assert [change.split(":")[0] for change in one.differences(other)] == [field]


def test_whole_numbers_and_floats_are_one_recipe():
    one, other = (
        Recipe(
            task=ModularArithmetic(5),
            model=MLP(),
            optimizer=AdamW(lr=rate, weight_decay=rate),
            train_fraction=rate,
        )
        for rate in (1, 1.0)
    )
    assert one == other
    assert one.id == other.id


def test_the_id_stays_what_it_is():
    """Ids are in files: a change here makes every run on disk look edited."""
    recipe = Recipe(task=ModularArithmetic(113), model=Transformer(), steps=100, keep=Every(10))
    assert recipe.id == "ea622f876ba2"


@pytest.mark.parametrize(
    ("change", "advice"),
    [
        ({"colour": "red"}, "colour"),
        ({"model": {"kind": "Transformer", "depth": 3}}, "depth"),
        ({"model": {"kind": "Oracle"}}, "Transformer"),
        ({"optimizer": {"kind": "AdamW", "learning_rate": 1.0}}, "learning_rate"),
        ({"keep": {"kind": "Never"}}, "Every"),
        ({"task": {"kind": "Oracle"}}, "knows"),
    ],
)
def test_unknown_fields_and_kinds_are_named(change, advice):
    values = Recipe(task=ModularArithmetic(5), model=MLP()).to_dict() | change
    with pytest.raises(BadArgument, match=advice):
        Recipe.from_dict(values)


def test_a_description_without_a_task():
    values = Recipe(task=ModularArithmetic(5), model=MLP()).to_dict()
    del values["task"]
    with pytest.raises(BadArgument, match="task"):
        Recipe.from_dict(values)


@pytest.mark.parametrize(
    ("change", "advice"),
    [
        ({"steps": 0}, "at least 1"),
        ({"evaluate_every": 0}, "at least 1"),
        ({"batch_size": 0}, "at least 1"),
        ({"loss": "hinge"}, "'mse'"),
        ({"train_fraction": 0.0}, "such as 0.3"),
    ],
)
def test_values_that_fit_no_run(change, advice):
    with pytest.raises(BadArgument, match=advice):
        Recipe(task=ModularArithmetic(5), model=MLP(), **change)


@pytest.mark.parametrize(
    ("make", "advice"),
    [
        (lambda: AdamW(lr=0), "above zero"),
        (lambda: AdamW(weight_decay=-1), "at least zero"),
        (lambda: AdamW(betas=(0.9, 1.0)), r"\[0, 1\)"),
        (lambda: SGD(momentum=1.0), r"\[0, 1\)"),
        (lambda: SGD(lr=float("nan")), "above zero"),
        (lambda: Every(0), "at least 1"),
        (lambda: Steps([-1]), "from 0"),
        (lambda: LogSpaced(1), "at least 2"),
        (lambda: LogSpaced(5).keeps(1), "until=10_000"),
        (lambda: Transformer(act_fn="tanh"), "relu"),
        (lambda: Transformer(init="zeros"), "nanda"),
        (lambda: Transformer(n_heads=0), "at least 1"),
        (lambda: Transformer(normalization="batch"), "LNPre"),
        (lambda: Transformer(bias="some"), "'mlp'"),
        (lambda: MLP(combine="mean"), "'concat'"),
        (lambda: MLP(act_fn="tanh"), "'relu'"),
        (lambda: MLP(d_mlp=0), "at least 1"),
    ],
)
def test_bad_parts_say_what_fits(make, advice):
    with pytest.raises(BadArgument, match=advice):
        make()


@settings(max_examples=40, deadline=None)
@given(keep=KEEPS, steps=st.integers(1, 60))
def test_the_first_and_last_step_are_always_kept(keep, steps):
    recipe = Recipe(task=ModularArithmetic(5), model=MLP(), steps=steps, keep=keep)
    kept = recipe.kept_steps
    assert kept[0] == 0
    assert kept[-1] == steps
    assert kept == sorted(set(kept))
    assert all(recipe.keep.keeps(step) for step in kept[1:-1])


def test_log_spaced_steps_are_spaced_evenly_on_a_log_scale():
    keep = LogSpaced(9, until=6561)
    kept = [step for step in range(6562) if keep.keeps(step)]
    assert kept == [0, 1, 3, 9, 27, 81, 243, 729, 2187, 6561]
