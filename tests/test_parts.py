"""Parts of ours: each is shown by its package, comes back from a file, and does what its kind does."""

import ast
import inspect
import json
from dataclasses import is_dataclass, replace
from pathlib import Path

import pytest
import torch

import groklens as gl
from groklens import parts
from groklens.errors import BadArgument
from groklens.parts import from_spec, is_ours, kind_of, know, ours_in, spec_of
from groklens.recipes import CrossEntropy, MeanSquaredError
from groklens.runs.readers import READERS
from groklens.tasks import Examples, kinds, task_from_spec

SOURCE = Path(gl.__file__).parent
OPTIMIZERS, LOSSES, SCHEDULES, MODELS = (
    ours_in(*where)
    for where in (
        ("groklens.recipes", "build"),
        ("groklens.recipes", "each"),
        ("groklens.recipes", "keeps"),
        ("groklens.models", "build"),
    )
)
#: How to make one of each task, schedule and model, small; a new one that can be made without arguments needs no line.
MADE = {
    "Corrupted": lambda: gl.Corrupted(gl.ModularArithmetic(5), 0.2),
    "GroupComposition": lambda: gl.GroupComposition("D3"),
    "ModularArithmetic": lambda: gl.ModularArithmetic(5),
    "NextTokens": lambda: gl.tasks.NextTokens([[0, 1, 1], [1, 0, 1]]),
    "Probe": lambda: gl.Probe([[0, 1], [1, 0]], labels=[1, 0]),
    "RandomTable": lambda: gl.RandomTable(4, seed=0),
    "Text": lambda: gl.tasks.Text(__file__, length=8),
    "Words": lambda: gl.tasks.Words(
        ["on {}", "so on {}"], ["a", "bb", "ccc"], lambda text: [*map(len, text.split())]
    ),
    "TableTask": lambda: gl.TableTask([[0, 1], [1, 0], [1, 1]], [0, 1, 1]),
    "WrittenSums": lambda: gl.tasks.WrittenSums(lambda text: [ord(each) for each in text], 4, digit="units"),
    "Every": lambda: gl.Every(2),
    "Steps": lambda: gl.Steps([1, 3]),
    "LogSpaced": lambda: gl.LogSpaced(3, until=4),
    "Transformer": lambda: gl.Transformer(d_model=8, n_heads=1, d_head=8, d_mlp=8),
    "MLP": lambda: gl.MLP(d_mlp=8, d_embed=4),
}


def made(name, kind):
    return MADE.get(name, kind)()


def of_each(group):
    return pytest.mark.parametrize("name", sorted(group))


# One more is one file, one test, and one line in the package's face


def classes_in(package, verb):
    """Dataclasses with the verb, and measures, that the files of a package define."""
    found = {}
    for path in sorted((SOURCE / package).glob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                is_frozen = any("dataclass" in ast.unparse(each) for each in node.decorator_list)
                verbs = {each.name for each in node.body if isinstance(each, ast.FunctionDef)}
                if is_frozen and verb in verbs:
                    found[node.name] = path.name
    return found


@pytest.mark.parametrize(
    ("package", "verb", "shown"),
    [
        ("recipes", "build", OPTIMIZERS),
        ("recipes", "each", LOSSES),
        ("recipes", "keeps", SCHEDULES),
        ("models", "build", MODELS),
    ],
)
def test_every_part_has_its_line(package, verb, shown):
    assert set(classes_in(package, verb)) == set(shown)


def test_every_task_has_its_line():
    defined = set()
    for path in sorted((SOURCE / "tasks").glob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            bases = {ast.unparse(base) for base in node.bases} if isinstance(node, ast.ClassDef) else set()
            if bases & {"Task", "Stream", "Written", "Probe"} and node.name not in (
                "Stream",
                "Written",
                "ActingPart",
            ):  # of no kind themselves
                defined.add(node.name)
    assert defined == set(kinds())


def test_every_measure_has_its_line():
    declared = set()
    for path in sorted((SOURCE / "measures").glob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and any(
                ast.unparse(each).startswith("measure(") for each in node.decorator_list
            ):
                declared.add(node.name)
            bases = {ast.unparse(base) for base in node.bases} if isinstance(node, ast.ClassDef) else set()
            if bases & {"Family", "Since"} and node.name != "Since":  # of which families are made
                declared.add(node.name)
    shown = {name for name in dir(gl.measures) if isinstance(getattr(gl.measures, name), gl.measures.Measure)}
    named = {name: getattr(gl.measures, name) for name in shown - {"Measure"}}
    # A name may stand for one measure of a family, as it did before there were families.
    assert declared == {
        type(it).__name__ if isinstance(it, gl.measures.Family) else name for name, it in named.items()
    }


def test_every_reader_has_its_line():
    files = {
        path.stem
        for path in (SOURCE / "runs" / "readers").glob("*.py")
        if "\ndef recognises(" in path.read_text(encoding="utf-8")
    }
    assert files == {reader.__name__.rpartition(".")[2] for reader in READERS}


# Each does what its kind does


@of_each(OPTIMIZERS)
def test_an_optimiser_builds_torchs_and_lowers_a_loss(name):
    kind = OPTIMIZERS[name]
    around = "optimizer" in kind.__dataclass_fields__
    spec = kind(gl.AdamW(lr=0.05)) if around else kind(lr=0.05)
    assert from_spec(json.loads(json.dumps(spec_of(spec))), OPTIMIZERS, "it") == spec
    weights = torch.nn.Parameter(torch.ones(3))
    optimizer = spec.build([weights])
    before = float(weights.detach().square().sum())
    for update in range(1, 20):
        for group in optimizer.param_groups:
            group["lr"] = spec.rate(update)
        optimizer.zero_grad()
        weights.square().sum().backward()
        optimizer.step()
    assert float(weights.detach().square().sum()) < before
    run_of = gl.Recipe(task=gl.ModularArithmetic(5), model=made("MLP", None), optimizer=spec, steps=2)
    assert gl.Recipe.from_dict(run_of.to_dict()) == run_of


@of_each(LOSSES)
def test_a_loss_is_small_where_the_model_is_right_and_scores_inputs_alone(name):
    loss = LOSSES[name]()
    targets = torch.tensor([0, 2])
    good, bad = torch.eye(3)[targets] * 30, torch.eye(3)[[1, 1]] * 30
    if name == "MeanSquaredError":
        good, bad = good / 30, bad / 30
    scores = loss.each(good, targets)
    assert scores.shape == (2,)
    assert scores.dtype == torch.float64
    assert bool((scores < loss.each(bad, targets)).all())
    assert torch.equal(loss.each(good[:1], targets[:1]), scores[:1])
    assert loss.units


@of_each(SCHEDULES)
def test_a_schedule_keeps_what_it_says(name):
    keep = made(name, SCHEDULES[name])
    assert from_spec(json.loads(json.dumps(spec_of(keep))), SCHEDULES, "it") == keep
    recipe = gl.Recipe(task=gl.ModularArithmetic(5), model=made("MLP", None), keep=keep, steps=4)
    assert recipe.kept_steps == sorted({0, 4, *(step for step in range(5) if keep.keeps(step))})


@of_each(MODELS)
def test_a_specification_builds_from_its_seed_alone(name):
    spec, task = made(name, MODELS[name]), gl.ModularArithmetic(5)
    assert from_spec(json.loads(json.dumps(spec_of(spec))), MODELS, "it") == spec
    before = torch.random.get_rng_state()
    first, again, other = (spec.build(task, seed).state_dict() for seed in (0, 0, 1))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert any(not torch.equal(first[key], other[key]) for key in first)


@of_each(kinds())
def test_a_task_comes_back_and_divides_or_flows(name):
    task = made(name, kinds()[name])
    again = task_from_spec(json.loads(json.dumps(task.spec())))
    assert again == task
    assert again.digest == task.digest
    assert all(isinstance(each, Examples) for each in task.examples.values())
    if task.is_stream:
        assert torch.equal(task.batch(3, 0, 5).inputs, again.batch(3, 0, 5).inputs)
    else:
        train, test = task.split(0.5, seed=0)
        assert sorted([*train.tolist(), *test.tolist()]) == list(range(len(task.inputs)))


# Kinds


def test_a_loss_has_one_id_whether_named_or_given():
    recipe = gl.Recipe(task=gl.ModularArithmetic(5), model=made("MLP", None), steps=2)
    assert replace(recipe, loss=CrossEntropy()).id == recipe.id
    assert replace(recipe, loss=MeanSquaredError()).id == replace(recipe, loss="mse").id != recipe.id


def test_what_a_user_defines_anew_takes_the_place_of_the_old(monkeypatch):
    monkeypatch.setattr(parts, "_KNOWN", {})
    for version in (1, 2):
        kind = type("Mine", (), {"version": version, "__module__": "notebook"})
        know([kind])
    assert parts.class_of("notebook:Mine", {}, "It").version == 2
    assert (
        parts.class_of("elsewhere:Mine", {}, "It").version == 2
    )  # by its own name, where only one is called so
    know([type("Mine", (), {"__module__": "another"})])
    with pytest.raises(BadArgument, match="not at hand"):
        parts.class_of("elsewhere:Mine", {}, "It")


def test_ours_go_by_their_names_and_no_user_can_take_them():
    assert kind_of(gl.AdamW()) == "AdamW"
    impostor = type("AdamW", (), {"__module__": "notebook"})
    assert not is_ours(impostor)
    know([impostor])
    assert parts.class_of("AdamW", OPTIMIZERS, "It") is gl.AdamW


def test_parts_are_values():
    for group in (OPTIMIZERS, LOSSES, SCHEDULES, MODELS):
        for kind in group.values():
            assert is_dataclass(kind)
            assert kind.__dataclass_params__.frozen
            assert inspect.getdoc(kind)
