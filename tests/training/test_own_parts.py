"""Parts of a user's own: as good as ours, from the recipe to another process."""

import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch

import groklens as gl
import own_parts
import warm
from groklens import parts
from groklens.errors import BadArgument, DamagedRun, PartNeeded

RECIPE = gl.Recipe(**own_parts.RECIPE)


@pytest.fixture
def forgotten(monkeypatch):
    """A process that has never seen the user's classes."""
    monkeypatch.setattr(parts, "_KNOWN", {})


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    return gl.train(RECIPE, into=tmp_path_factory.mktemp("own") / "run")


def test_it_is_the_same_after_a_file():
    again = gl.Recipe.from_dict(json.loads(json.dumps(RECIPE.to_dict())))
    assert again == RECIPE
    assert again.id == RECIPE.id
    assert RECIPE.to_dict()["optimizer"] == {"kind": "own_parts:SignDescent", "lr": 0.02, "momentum": 0.5}


def test_it_trains_as_written_out(trained):
    """The same numbers as a loop of five lines."""
    before = torch.random.get_rng_state()
    torch.manual_seed(RECIPE.seed)
    model = RECIPE.model.build(RECIPE.task, RECIPE.seed)
    torch.random.set_rng_state(before)
    optimizer = RECIPE.optimizer.build(model.parameters())
    train, _ = RECIPE.task.split(RECIPE.train_fraction, RECIPE.seed)
    for update in range(1, RECIPE.steps + 1):
        for group in optimizer.param_groups:
            group["lr"] = RECIPE.optimizer.rate(update)
        optimizer.zero_grad()
        RECIPE.loss.each(model(RECIPE.task.inputs[train]), RECIPE.task.targets[train]).mean().backward()
        optimizer.step()
    kept = trained.final.model.state_dict()
    for name, value in model.state_dict().items():
        torch.testing.assert_close(kept[name], value, rtol=1e-5, atol=1e-6)
    assert trained.steps == [0, 1, 4, 9, 16, 25, 30]
    assert trained.history["train_loss"].attrs["units"] == "margin missed"


def test_the_global_generator_is_left_alone(tmp_path):
    before = torch.random.get_rng_state()
    gl.train(replace(RECIPE, steps=2), into=tmp_path / "run")
    assert torch.equal(torch.random.get_rng_state(), before)


def test_it_resumes_to_the_same_bits(trained, tmp_path, monkeypatch):
    from groklens.training import loop

    def killed(*args):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(loop, "tell", lambda text, step, total: killed() if step == 20 else None)
        with pytest.raises(KeyboardInterrupt):
            gl.train(RECIPE, into=tmp_path / "run", resume_every=0.0)
    again = gl.train(RECIPE, into=tmp_path / "run")
    for step in trained.steps:
        ours, theirs = again.at(step).model.state_dict(), trained.at(step).model.state_dict()
        assert all(torch.equal(ours[name], theirs[name]) for name in ours), step


def test_it_is_tracked_explained_and_drawn(trained):
    table = gl.track(trained, [own_parts.largest_weight, "test_accuracy"])
    assert set(table.data_vars) == {"largest_weight", "test_accuracy"}
    why = gl.explain(trained)
    assert why.algorithm in ("memorised", "none", "undecided")
    assert "Hinge loss" in why.about["Training"]
    assert gl.views.curves(trained).html


def test_it_is_opened_where_its_classes_are_handed_in(trained, forgotten):
    with pytest.raises(PartNeeded, match=r"parts of your own, .* not handed in; hand them in: ") as refused:
        gl.load(trained.path)
    assert "gl.load(path, parts=[Maximum, Sum, SignDescent, Hinge, Squares]), or --parts" in str(
        refused.value
    )
    assert not isinstance(refused.value, DamagedRun)
    mine = [own_parts.Maximum, own_parts.Hinge, own_parts.SignDescent, own_parts.Squares, own_parts.Sum]
    run = gl.load(trained.path, parts=mine)
    assert run.recipe == RECIPE
    assert run.final.logits.shape == (25, 5)


SCRIPT = """
import sys, groklens as gl
sys.path.insert(0, sys.argv[2])
import own_parts
run = gl.load(sys.argv[1], parts=vars(own_parts).values())
print(run.recipe.id, float(gl.measures.test_accuracy(run)))
"""


@pytest.mark.slow
def test_another_process_opens_it(trained):
    folder = Path(own_parts.__file__).parent
    done = warm.run("-c", SCRIPT, trained.path, folder)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.split()[0] == RECIPE.id


def test_the_shell_takes_a_file_of_parts(trained, tmp_path, forgotten, shell, monkeypatch):
    own = ["--parts", str(own_parts.__file__)]
    monkeypatch.delitem(sys.modules, "own_parts")
    status, _, error = shell("info", str(trained.path))
    assert status == 2
    assert "--parts FILE.py" in error
    status, out, _ = shell("info", str(trained.path), *own)
    assert (status, "max(a, b) below 5" in out) == (0, True)
    status, out, _ = shell("track", str(trained.path), *own, "--measure", "largest_weight")
    assert (status, "largest_weight" in out) == (0, True)
    status, out, _ = shell("explain", str(trained.path), *own)
    assert (status, "max(a, b) below 5" in out) == (0, True)
    recipe = tmp_path / "recipe.json"
    recipe.write_text(json.dumps(replace(RECIPE, steps=3).to_dict()))
    assert shell("train", str(recipe), str(tmp_path / "run"), *own)[0] == 0
    assert gl.load(tmp_path / "run").finished


@pytest.mark.parametrize(
    ("text", "said"), [(None, "is no Python file"), ("1 / 0", "fails: ZeroDivisionError")]
)
def test_a_file_of_parts_that_is_none_is_one_line(trained, tmp_path, shell, text, said):
    file = tmp_path / "broken.py"
    if text is not None:
        file.write_text(text)
    status, _, error = shell("info", str(trained.path), "--parts", str(file))
    assert (status, error.count("\n"), said in error) == (2, 1, True)


def test_a_reader_of_ones_own_is_asked_first(trained, tmp_path):
    path = tmp_path / "30.mine"
    state = {name: value.tolist() for name, value in trained.final.model.state_dict().items()}
    path.write_text(json.dumps(state))
    reader = own_parts.WeightsAndNumbers()
    run = gl.load(path, parts=[reader])
    assert isinstance(run, gl.Run)
    assert run.steps == [30]
    torch.testing.assert_close(run.final.logits, trained.final.logits)
    assert gl.load(path, parts=[reader], format="weights and numbers").steps == [30]
    assert gl.load(trained.path, parts=[reader]).recipe == RECIPE  # not its format


@dataclass(frozen=True)
class Loose:
    """A schedule whose field is no value."""

    steps: object = None

    def keeps(self, step: int) -> bool:
        return True


@dataclass(frozen=True, eq=False)
class Incomparable:
    """A schedule that equals itself alone."""

    def keeps(self, step: int) -> bool:
        return True


class NoDataclass:
    def keeps(self, step: int) -> bool:
        return True


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"keep": Loose(print)}, "steps of Loose is .*which a file cannot hold"),
        ({"keep": Incomparable()}, "does not come back from its specification as it was"),
        ({"keep": NoDataclass()}, "cannot be written down; make it a frozen dataclass"),
        ({"keep": own_parts.Squares}, "give a value that describes it"),
        ({"loss": own_parts.Hinge}, "loss is"),
        ({"loss": own_parts.Hinge(float("nan"))}, "cannot be written into a file"),
    ],
)
def test_what_cannot_survive_says_so_before_training(change, said):
    with pytest.raises(BadArgument, match=said):
        gl.Recipe(**{**own_parts.RECIPE, **change})


class FromOne(own_parts.Maximum):
    """Classes that are counted from 1."""

    @property
    def labels(self):
        return super().labels + 1


class InFloats(own_parts.Maximum):
    """Classes that are no whole numbers."""

    @property
    def labels(self):
        return super().labels.float()


@pytest.mark.parametrize(
    ("kind", "said"), [(FromOne, "from 1 to 5 and d_vocab_out is 5"), (InFloats, "type float32")]
)
def test_classes_that_are_none_are_refused_before_training(kind, said):
    with pytest.raises(BadArgument, match=said):
        gl.Recipe(**{**own_parts.RECIPE, "task": kind(5)})


def test_one_part_may_be_handed_in_by_itself(trained):
    assert gl.load(trained.path, parts=own_parts.Maximum).recipe == RECIPE


def test_a_part_that_was_forgotten_is_named_alone(trained, forgotten):
    mine = [own_parts.Maximum, own_parts.SignDescent, own_parts.Squares, own_parts.Sum]
    with pytest.raises(PartNeeded, match=r"a part of your own, 'own_parts:Hinge', which was not handed in"):
        gl.load(trained.path, parts=mine)


def test_nothing_is_imported_because_a_file_names_it(trained, tmp_path, forgotten):
    header = tmp_path / "os_part.json"
    values = RECIPE.to_dict()
    values["keep"] = {"kind": "antigravity:Squares"}
    header.write_text(json.dumps(values))
    before = set(sys.modules)
    with pytest.raises(BadArgument, match="not at hand"):
        gl.Recipe.from_dict(json.loads(header.read_text()))
    assert set(sys.modules) == before
