"""Digits: a task of features is trained, looked at, explained and drawn as any other; what needs tokens says so."""

import sys
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pytest
import torch

import groklens as gl
from groklens.errors import BadArgument, GroklensError
from groklens.models import describe_model, rebuild_model
from groklens.models.fast_pass import quick_logits
from groklens.tasks import Digits, Task, task_from_spec

TASK = Digits(n_train=300)
RECIPE = gl.Recipe(
    task=TASK,
    model=gl.MLP(d_mlp=48, d_embed=None),
    optimizer=gl.AdamW(lr=1e-2, weight_decay=0.0),
    steps=120,
    evaluate_every=40,
    keep=gl.Every(60),
)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return gl.train(RECIPE, into=tmp_path_factory.mktemp("digits") / "run")


def test_the_images_are_scikit_learns_in_their_order():
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    np.testing.assert_array_equal(TASK.inputs.double() * 16, images)
    np.testing.assert_array_equal(TASK.labels, labels)
    assert (TASK.d_in, TASK.d_vocab, TASK.d_vocab_out, TASK.n_ctx, TASK.n_operands) == (64, None, 10, 1, 1)
    assert TASK.grid is None
    assert TASK.token_names == []
    assert TASK.examples["every"].inputs.dtype == torch.float32


@pytest.mark.parametrize("n_train", [1, 300, 1796])
def test_just_as_many_are_trained_on_as_were_asked_for(n_train):
    train, test = Digits(n_train).split(0.3, seed=4)
    assert len(train) == n_train
    assert sorted([*train.tolist(), *test.tolist()]) == list(range(1797))
    assert len(Digits().split(0.5, seed=4)[0]) == 898
    assert not torch.equal(train, Digits(n_train).split(0.3, seed=5)[0])


def test_it_comes_back_from_its_specification():
    assert TASK.spec() == {"kind": "Digits", "n_train": 300}
    noisy = gl.Corrupted(TASK, 0.2)
    assert task_from_spec(noisy.spec()) == noisy
    assert task_from_spec(noisy.spec()).digest == noisy.digest != TASK.digest


def test_noise_is_drawn_apart_from_the_split_of_an_equal_seed():
    noisy = gl.Corrupted(TASK, 0.2, seed=0)
    train, _ = noisy.split(1.0, seed=0)
    assert int(noisy.is_wrong.sum()) == round(0.2 * 1797)
    assert float(noisy.is_wrong[train].double().mean()) == pytest.approx(0.2, abs=4 * (0.16 / 300) ** 0.5)


def test_it_is_learned_and_looked_at(run):
    assert run.environment["engine"] == "quick"
    table = gl.track(run, [*gl.measures.PERFORMANCE, "sum_squared_weights"])
    assert float(table["test_accuracy"].sel(step=120)) > 0.85
    assert float(table["train_accuracy"].sel(step=120)) == 1
    assert float(table["test_loss"].sel(step=120)) == pytest.approx(
        float(run.history["test_loss"].sel(step=120)), rel=1e-4
    )
    final = run.final
    assert final.weights["W_in"].shape == (1, 64, 48)
    by_hand = torch.relu(TASK.inputs @ final.weights["W_in"][0] + final.weights["b_in"])
    torch.testing.assert_close(final.neurons, by_hand, rtol=1e-4, atol=1e-4)
    plain = final.model(TASK.inputs)[:, 0]
    torch.testing.assert_close(quick_logits(final.model, TASK.inputs, 10), plain, rtol=1e-4, atol=1e-4)


def test_captured_inputs_have_labels_and_no_operands(run):
    captured = gl.capture(run, "blocks.0.mlp.hook_post", pos=-1)
    assert captured["blocks.0.mlp.hook_post"].dims == ("step", "input", "neuron")
    assert set(captured.coords) == {"step", "input", "neuron", "label"}


def test_it_is_explained_as_what_it_is(run, tmp_path):
    why = gl.explain(run)
    assert (why.verdict, why.algorithm) == ("refuted", "memorised")
    assert "1,797 inputs, 16.7 % trained on (300)" in why.about["Data"]
    gl.views.report(why).save(tmp_path / "report.html")
    assert gl.views.curves(run) is not None
    wrong = gl.explain(gl.Snapshot(run.final.model, gl.Corrupted(TASK, 0.2), train_index=run.train_index))
    assert {finding.key for finding in wrong.findings} >= {"labels.fitted"}


def test_activations_can_be_replaced(run):
    final = run.final
    silent = gl.interventions.patch(final, final.anatomy.neurons, torch.zeros_like(final.neurons))
    torch.testing.assert_close(silent.logits[7], final.weights["b_U"])
    with pytest.raises(BadArgument, match="runs on the inputs of digits, 300 trained on alone"):
        silent.model(torch.rand(2, 64))


def test_a_model_of_features_is_built_again_from_its_description(run):
    description = describe_model(run.final.model)
    assert (description["config"]["d_in"], "d_vocab" in description["config"]) == (64, False)
    rebuild_model(description).load_state_dict(run.final.model.state_dict())
    for change in ({"embeds": True}, {"n_operands": 2}, {"d_vocab": 5}, {"d_model": 63}):
        with pytest.raises(BadArgument, match="d_in"):
            rebuild_model({"kind": "HookedMLP", "config": description["config"] | change})


def test_several_are_trained_at_once(run, tmp_path):
    noisy = replace(RECIPE, task=gl.Corrupted(TASK, 0.2), seed=1)
    runs = gl.train_many([RECIPE, noisy], into=tmp_path / "runs")
    assert runs[0].environment["engine"] == "quick, 2 stacked"
    for name, value in run.final.model.state_dict().items():
        torch.testing.assert_close(runs[0].final.model.state_dict()[name], value, rtol=1e-3, atol=1e-4)


@dataclass(frozen=True, eq=False)
class Rings(Task):
    """A user's own: which of two rings a point lies on."""

    n: int = 200
    name = "rings"
    d_in = 2
    d_vocab = None
    d_vocab_out = 2

    @cached_property
    def labels(self):
        return torch.arange(self.n) % 2

    @cached_property
    def inputs(self):
        angles = torch.arange(self.n).double()
        return torch.stack([angles.cos(), angles.sin()], dim=1) * (1 + self.labels[:, None])


def test_a_users_own_features_in_double_precision_are_learned_from_by_a_loop_of_their_own(tmp_path):
    task = Rings()
    train, _ = task.split(0.5, 0)
    model = gl.MLP(d_mlp=32, d_embed=None).build(task, seed=0)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    with gl.Recorder(model, task, tmp_path / "own", gl.Every(100), train) as recorder:
        for step in range(1, 201):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(task.inputs[train])[:, -1], task.labels[train]).backward()
            optimizer.step()
            recorder.step(step)
    assert float(recorder.run.history["test_accuracy"].sel(step=200)) > 0.99
    trained = gl.train(replace(RECIPE, task=task, steps=2, keep=gl.Every(1)), into=tmp_path / "run")
    assert gl.load(trained.path, parts=[Rings]).final.logits.shape == (200, 2)
    assert gl.explain(recorder.run).algorithm == "undecided"


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: gl.Transformer().build(TASK, seed=0), "64 features, and a transformer's embeddings need"),
        (lambda: gl.MLP().build(TASK, seed=0), r"64 features, which have no embeddings.*MLP\(d_embed=None\)"),
        (lambda: TASK.operands, "64 features, and operands need inputs of tokens"),
        (lambda: Digits(n_train=1797), "n_train"),
        (lambda: Digits(n_train=0), "n_train"),
    ],
)
def test_what_needs_tokens_says_so(make, said):
    with pytest.raises(BadArgument, match=said):
        make()


def test_views_that_need_tokens_say_so(run):
    for view in (
        gl.views.attention,
        gl.views.logits,
        gl.views.neurons,
        gl.views.embedding,
        gl.views.spectrum,
    ):
        with pytest.raises(
            GroklensError,
            match=r"features|not all pairs of two operands|of a group, and digits.* has none|no attention heads",
        ):
            view(run)
    with pytest.raises(BadArgument, match="the elements of a group need inputs of tokens"):
        gl.Circuit("C5", [1]).symmetry(TASK)


def test_without_scikit_learn_the_way_to_it_is_said(monkeypatch):
    from groklens.tasks import digits

    digits._digits.cache_clear()
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(BadArgument, match=r'pip install "groklens\[studies\]"'):
        len(TASK.inputs)
    assert TASK.name == "digits, 300 trained on"
