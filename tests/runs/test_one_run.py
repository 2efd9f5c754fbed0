"""Every run is one `gl.Run`, whatever its source: the same attributes, errors and doors."""

import copy
import functools
import inspect
import json
import pickle
import re

import jaxtyping
import pytest
import torch
from foreign_formats import ADD, D_MLP, FORMATS

import groklens as gl
from groklens.errors import BadArgument, UnknownName
from groklens.runs import RunLike, as_run


@pytest.fixture
def as_outside(monkeypatch):
    """No types are checked, as for a caller outside the tests."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


#: What every run says of itself, and what each of them says where it is not known.
ATTRIBUTES = {name for name, _ in inspect.getmembers(gl.Run, lambda member: isinstance(member, property))}
UNKNOWN = {"recipe": None, "finished": None, "path": None, "environment": {}, "unguarded": ()}


def model(seed):
    return gl.MLP(d_mlp=D_MLP, d_embed=4).build(ADD, seed=seed)


class Mine:
    """The least that stands for a run, its steps in no order."""

    task = ADD
    steps = (100, 0)

    def at(self, step):
        return gl.Snapshot(model(step), ADD, step)


def of_mine(tmp_path):
    assert isinstance(Mine(), RunLike)
    return as_run(Mine())


def recording(tmp_path, end):
    own = model(0)
    try:
        with gl.Recorder(own, ADD, tmp_path / "mine", keep=gl.Every(10), train_index=range(9)) as recorder:
            recorder.step(10)
            if end == "unfinished":
                raise KeyboardInterrupt
    except KeyboardInterrupt:
        pass
    return gl.load(tmp_path / "mine", model=model(1))


def trained(tmp_path):
    recipe = gl.Recipe(task=ADD, model=gl.MLP(d_mlp=D_MLP), steps=20, keep=gl.Every(10), train_fraction=0.6)
    return gl.train(recipe, into=tmp_path / "ours", progress=False)


def losses(tmp_path):
    (tmp_path / "losses.json").write_text(json.dumps({"train_losses": [2.0, 1.0]}))
    return gl.load(tmp_path / "losses.json")


SOURCES = {
    "trained": trained,
    "recorded": lambda tmp_path: recording(tmp_path, "finished"),
    "recording": lambda tmp_path: recording(tmp_path, "unfinished"),
    "one in memory": lambda tmp_path: gl.Run.of({7: model(0)}, ADD),
    "several in memory": lambda tmp_path: gl.Run.of({100: model(1), 0: model(0)}, ADD, train_index=range(9)),
    "a snapshot": lambda tmp_path: as_run(gl.Snapshot(model(0), ADD)),
    "a model": lambda tmp_path: as_run(model(0), ADD),
    "an object": of_mine,
    "a told split": lambda tmp_path: as_run(Mine(), train_index=range(9)),
    **{name: lambda tmp_path, form=form: form.load(form.write(tmp_path)) for name, form in FORMATS.items()},
}
#: Runs without a model are runs too.
EMPTY = {"losses alone": losses}


@pytest.fixture(scope="module")
def of_each(tmp_path_factory):
    """The run from each source, made once: read only."""
    return functools.cache(lambda source: (SOURCES | EMPTY)[source](tmp_path_factory.mktemp("run")))


@pytest.fixture(params=SOURCES)
def run(request, of_each):
    return of_each(request.param)


@pytest.fixture(params=SOURCES | EMPTY)
def any_run(request, of_each):
    return of_each(request.param)


class TestEveryRun:
    def test_has_the_same_attributes(self, any_run):
        assert isinstance(any_run, gl.Run)
        found = {
            name: getattr(any_run, name) for name in ATTRIBUTES - ({"final"} if not any_run.steps else set())
        }
        assert isinstance(found["name"], str)
        assert found["name"]
        assert isinstance(found["task"], gl.Task)
        assert found["steps"] == sorted(set(found["steps"])) == sorted(found["models"])
        assert found["train_share"] is None or 0 < found["train_share"] <= 1
        assert isinstance(found["known"], dict)
        assert bool(found["model"]) == bool(found["steps"])
        assert set(found["history"].sizes) <= {"step"}
        if found["format"] != "groklens":
            assert {name: found[name] for name in UNKNOWN} == UNKNOWN

    def test_is_shown_in_one_line(self, any_run):
        shown = repr(any_run)
        assert shown.startswith(f"Run({any_run.name}: ")
        assert "\n" not in shown
        assert (any_run.format in shown) == (any_run.format != "groklens")

    def test_answers_a_wrong_step_alike(self, any_run, as_outside):
        with pytest.raises(
            UnknownName,
            match=f"^Run {re.escape(any_run.name)} (has kept no step 999|is one model, of which nobody)",
        ):
            any_run.at(999)
        for ask in (any_run.at, any_run.nearest):
            with pytest.raises(BadArgument, match="step is 'last'; give a whole number"):
                ask("last")

    def test_says_whether_it_has_checksums(self, any_run):
        if any_run.format == "groklens":
            return any_run.verify()
        with pytest.raises(BadArgument, match=f"of the format {any_run.format}, which has no checksums"):
            any_run.verify()

    def test_knows_its_split_as_its_snapshots_do(self, run):
        index = run.final.train_index
        assert (index is None) == (run.train_index is None)
        assert index is None or torch.equal(index, run.train_index)
        assert run.final.train_share == run.train_share

    def test_goes_where_a_run_is_meant(self, run):
        assert as_run(run) is run
        assert run.nearest(10**6).step == run.final.step
        acts = gl.capture(run, run.final.neuron_hook, pos=-1)
        assert acts.step.values.tolist() == run.steps
        assert acts.attrs["run"] == run.name
        if run.task.symmetry is None:
            return
        table = gl.track(run, "all_accuracy")
        assert table.step.values.tolist() == run.steps
        assert table.attrs["run"] == run.name
        assert gl.views.curves(run, ["all_accuracy"]) is not None

    @pytest.mark.filterwarnings("ignore:The split given may not be")
    def test_is_explained(self, run):
        if run.task.symmetry is None:
            pytest.skip("tokens without answers")
        why = gl.explain(run)
        assert why.source is run
        assert why.run == run.name
        assert why.table.step.values.tolist() == run.steps

    def test_is_copied_and_pickled(self, run):
        twins = [copy.copy(run), copy.deepcopy(run)]
        if run.format == "groklens":
            twins.append(pickle.loads(pickle.dumps(run)))
        for twin in twins:
            assert twin.steps == run.steps
            assert torch.equal(twin.final.logits, run.final.logits)
            assert (twin.train_index is None) == (run.train_index is None)


def test_nothing_is_nearest_where_nothing_was_kept(tmp_path):
    run = losses(tmp_path)
    for ask in (lambda: run.nearest(0), lambda: run.final, lambda: gl.capture(run, "hook_embed")):
        with pytest.raises(BadArgument, match="losses has kept no step"):
            ask()


class TestModelsInMemory:
    def test_are_not_copied(self, as_outside):
        first, last = model(0), model(1)
        run = gl.Run.of({100.0: last, 0: first}, ADD, name="mine")
        assert run.steps == [0, 100]
        assert run.at(0).model is first
        assert run.final.model is last
        assert run.models[0]() is first
        assert repr(run) == "Run(mine: a+b mod 5, memory, 2 steps to 100)"

    def test_are_called_by_their_class_unless_they_are_named(self):
        assert gl.Run.of({3: model(0)}, ADD).name == "HookedMLP"
        assert "step 3 alone" in repr(gl.Run.of({3: model(0)}, ADD))

    def test_are_frozen_where_they_were(self):
        own = model(0).requires_grad_(False)
        _ = gl.Run.of({0: own}, ADD).final.logits
        assert not any(parameter.requires_grad for parameter in own.parameters())

    def test_answers_may_lie_deeper(self):
        own = model(0)
        run = gl.Run.of({0: own}, ADD, answer=lambda output: output * 2)
        assert torch.allclose(run.final.logits, 2 * gl.Snapshot(own, ADD).logits, atol=1e-5)

    @pytest.mark.parametrize(
        ("models", "message"),
        [
            (
                [],
                r"an empty list; give each model by its step: gl\.Run\.of\({0: model0, 100: model1}, task\)",
            ),
            ({}, r"an empty dict; give each model by its step"),
            ([model(0)], r"a list of 1; give each model by its step"),
            (model(0), r"a HookedMLP; give each .* One model alone is {100: model}"),
            (ADD, r"The task \(a\+b mod 5\) was given first"),
            ({-1: model(0)}, "step of models is -1; give a whole number of at least 0"),
            ({"last": model(0)}, "step of models is 'last'; give a whole number"),
            ({0.5: model(0)}, "step of models is 0.5; give a whole number"),
            ({True: model(0)}, "step of models is True; give a whole number"),
            ({0: model(0), 10: [1, 2]}, r"models\[10\] is no model: A list of 2 has no cfg"),
            ({0: lambda: model(0)}, r"models\[0\] is no model: A lambda has no cfg"),
            ({0: gl.MLP()}, r"models\[0\] is no model: MLP\(…\) describes a model"),
            ({torch.tensor(1): model(0), 1: model(1)}, "two for step 1"),
            (
                {0: model(0), 10: gl.MLP(d_mlp=4, d_embed=4).build(gl.ModularArithmetic(3, "add"), seed=0)},
                r"models\[10\] is no model of a\+b mod 5: The model gives 3 logits, the task has 5 classes",
            ),
            (
                {0: gl.Transformer(d_model=8, n_heads=1, d_mlp=8).build(gl.ModularArithmetic(3), seed=0)},
                r"models\[0\] is no model of a\+b mod 5: .* tokens up to 5",
            ),
        ],
    )
    def test_what_is_no_model_by_its_step(self, models, message, as_outside):
        with pytest.raises(BadArgument, match=message):
            gl.Run.of(models, ADD)

    def test_by_themselves_are_no_run(self, as_outside):
        for ask in (gl.explain, gl.track):
            with pytest.raises(
                BadArgument, match=r"a dict of 1 was given; of models by their steps .*gl\.Run\.of"
            ):
                ask({0: model(0)}, ADD if ask is gl.explain else "loss")

    def test_what_else_is_wrong(self, as_outside):
        with pytest.raises(BadArgument, match="come with no task; say what they were trained on"):
            gl.Run.of({0: model(0)})
        with pytest.raises(BadArgument, match="train_index runs from 0 to 99"):
            gl.Run.of({0: model(0)}, ADD, train_index=range(100))
        with pytest.raises(BadArgument, match="answer is 3"):
            gl.Run.of({0: model(0)}, ADD, answer=3)
        with pytest.raises(BadArgument, match="name is 3; give text"):
            gl.Run.of({0: model(0)}, ADD, name=3)


class TestAnObjectOfTheUsers:
    def test_may_know_more(self):
        own = Mine()
        own.name, own.known, own.train_index = "mine", {"p": 5}, [0, 1]
        run = as_run(own)
        assert (run.name, run.known) == ("mine", {"p": 5})
        assert run.train_index.tolist() == [0, 1]

    def test_what_means_something_else_by_these_names_is_not_taken(self, as_outside):
        own = Mine()
        own.model, own.history, own.known = model(0), [1.0], None
        run = as_run(own)
        assert run.model["kind"] == "HookedMLP"
        assert not run.history.sizes
        assert run.known == {}

    def test_its_steps_are_numbers(self, as_outside):
        own = Mine()
        own.steps = ["first"]
        with pytest.raises(BadArgument, match="A step of the run is 'first'"):
            as_run(own)


class Backwards(Mine):
    """A transformer at steps that are told from the last to the first."""

    steps = (20, 10, 0)

    def at(self, step):
        small = gl.Transformer(d_model=16, n_heads=2, d_head=8, d_mlp=32)
        return gl.Snapshot(small.build(ADD, seed=step), ADD, step)


def on_slider(figure):
    return [int(step.label) for step in figure.layout.sliders[0].steps]


def in_page(page):
    return [int(step) for step in json.loads(re.search(r'"steps": ?(\[[^]]*\])', page.html)[1])]


class Flat:
    """A predictor of sequences that says nothing."""

    name = "flat"

    def log_probabilities(self, tokens):
        return torch.zeros(*tokens.shape, ADD.d_vocab_out, dtype=torch.float64).log_softmax(dim=-1)


#: Every public function that takes steps=, with the steps that are in what it gives.
TAKE_STEPS = {
    "capture": lambda run, **some: gl.capture(run, "hook_embed", **some).step.values.tolist(),
    "track": lambda run, **some: gl.track(run, "all_accuracy", **some).step.values.tolist(),
    "explain": lambda run, **some: gl.explain(run, **some).table.step.values.tolist(),
    "measures.stages": lambda run, **some: gl.measures.stages(run, Flat(), **some).step.values.tolist(),
    "measures.sampled_stages": lambda run, **some: gl.measures.sampled_stages(
        run, [Flat()], sequences=2, **some
    ).step.values.tolist(),
    "measures.explained_by": lambda run, **some: gl.measures.explained_by(
        run, gl.measures.LinearPredictor(), shuffles=2, **some
    ).step.values.tolist(),
    "views.neurons": lambda run, **some: on_slider(gl.views.neurons(run, [0], **some)),
    "views.embedding": lambda run, **some: on_slider(gl.views.embedding(run, [1], **some)),
    "views.attention": lambda run, **some: in_page(gl.views.attention(run, [0], **some)),
}


def test_every_function_that_takes_steps_is_listed():
    public = {name: getattr(gl, name) for name in gl.__all__}
    for module in ("measures", "views", "interventions", "theory", "harmonics"):
        public |= {f"{module}.{name}": getattr(public[module], name) for name in dir(public[module])}
    functions = {name: value for name, value in public.items() if inspect.isfunction(value)}
    taking = {name for name, value in functions.items() if "steps" in inspect.signature(value).parameters}
    taking -= {"extend"}  # whose steps are a total
    of_runs = {
        name for name in taking if {"run", "source"} & set(inspect.signature(functions[name]).parameters)
    }
    assert of_runs == set(TAKE_STEPS)


@pytest.mark.parametrize("name", TAKE_STEPS)
def test_steps_are_ascending_and_once_each_everywhere(name, as_outside):
    steps_of = TAKE_STEPS[name]
    assert steps_of(Backwards()) == [0, 10, 20]
    assert steps_of(Backwards(), steps=[20, 0, 20.0]) == [0, 20]
    assert steps_of(Backwards(), steps=(step for step in (10, 0))) == [0, 10]
    with pytest.raises(BadArgument, match="steps is empty; give some of the kept steps"):
        steps_of(Backwards(), steps=[])
    with pytest.raises(UnknownName, match="has kept no step 5; nearest are 0, 10"):
        steps_of(Backwards(), steps=[0, 5])
    with pytest.raises(BadArgument, match="step is 'last'"):
        steps_of(Backwards(), steps="last")


def test_the_last_step_is_the_last_however_they_are_told():
    assert gl.explain(Backwards()).final.step == 20
    assert as_run(Backwards()).final.step == 20
    assert gl.views.neurons(Backwards(), [0]).layout.sliders[0].active == 2


class Counting(Backwards):
    def __init__(self):
        self.asked = []

    def at(self, step):
        self.asked.append(step)
        return super().at(step)


def test_an_explanation_reads_every_checkpoint_once():
    for steps in (None, [0, 20], [10, 20], 10):
        run = Counting()
        gl.explain(run, steps=steps)
        assert sorted(run.asked) == sorted(set(run.asked))
        assert 0 in run.asked  # the control that has learned nothing
