"""What is said of a run that was forked or extended: whose its first updates are, and with what they were made."""

import json

import pytest

import groklens as gl
from groklens.errors import DamagedRun
from groklens.runs import RunPaths
from groklens.runs.header import _digest

RECIPE = gl.Recipe(
    task=gl.ModularArithmetic(7),
    model=gl.MLP(d_mlp=16, d_embed=8),
    optimizer=gl.AdamW(lr=1e-2, weight_decay=1.0, warmup_steps=5),
    train_fraction=0.6,
    steps=30,
    keep=gl.Every(10),
)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return tmp_path_factory.mktemp("lives")


@pytest.fixture(scope="module")
def parent(root):
    return gl.train(RECIPE, root / "first", keep_optimizer=[20])


@pytest.fixture(scope="module")
def fork(parent, root):
    changes = {"optimizer.weight_decay": 3.0, "batch_size": 8}
    return gl.fork(parent, 20, root / "f3", steps=50, **changes)


@pytest.fixture(scope="module")
def why(fork):
    return gl.explain(fork)


def test_a_fork_tells_of_its_parents_training_and_of_its_own(why):
    assert why.about["Goes on from"] == "step 20 of first (until there: weight decay 1, full batch)"
    assert why.about["Training"].startswith("from step 20 on: AdamW, learning rate 0.01, weight decay 3, ")
    assert why.about["Steps"] == "50 updates (20 of them those of first), 4 steps kept"


def test_its_methods_do_not_count_the_parents_updates_as_its_own(why):
    said = why.methods()
    assert (
        "It goes on from step 20 of first (until there: weight decay 1, full batch). From step 20 on it was"
        in said
    )
    assert "trained for 30 updates on batches of 8 by AdamW (learning rate 0.01, weight decay 3" in said
    assert "50 updates" not in said


def test_the_parent_stands_in_the_head_of_the_report(why):
    head = why.to_html().partition("</header>")[0]
    assert "step 20 of first (until there: weight decay 1, full batch)" in head


def test_an_extension_says_whose_its_first_updates_are(parent, root):
    why = gl.explain(gl.extend(parent, 40, root / "longer"))
    assert why.about["Goes on from"] == "step 30 of first"
    assert why.about["Steps"] == "40 updates (30 of them those of first), 5 steps kept"
    assert why.about["Training"].startswith("AdamW")
    assert "It goes on from step 30 of first. It was trained for 40 updates on all of them" in why.methods()


def test_an_extension_of_a_fork_is_told_of_both(fork, root):
    why = gl.explain(gl.extend(fork, 60, root / "f3 on"))
    both = "step 50 of f3, which goes on from step 20 of first (until there: weight decay 1, full batch)"
    assert why.about["Goes on from"] == both
    assert why.about["Training"].startswith("from step 20 on: ")
    assert "From step 20 on it was trained for 40 updates" in why.methods()


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({}, "with nothing changed"),
        ({"optimizer": gl.SGD(lr=0.1)}, "until there: optimiser AdamW, learning rate 0.01, weight decay 1, "),
        ({"train_fraction": 0.3, "loss": "mse"}, "until there: loss cross_entropy, train fraction 0.6"),
        ({"task": gl.ModularArithmetic(7, "sub")}, "until there: task a+b mod 7"),
        ({"optimizer_state": False, "order": 3}, "the optimiser began anew; another order of inputs began"),
    ],
    ids=str,
)
def test_whatever_a_fork_changed_is_said(parent, tmp_path, how, said):
    run = gl.fork(
        parent, 20, tmp_path / "fork", **({"optimizer_state": False} if "optimizer" in how else {}) | how
    )
    assert f"step 20 of first ({said}" in gl.explain(run).about["Goes on from"]


def test_inputs_that_were_not_trained_on_before_are_said_to_be_the_forks(parent, tmp_path):
    """Those left out were trained on until there, and are its test inputs all the same."""
    why = gl.explain(gl.extend(gl.fork(parent, 20, tmp_path / "fork", train_fraction=0.3), 40))
    assert "trained on (14) from step 20 on" in why.about["Data"]
    assert "were trained on from step 20 on; the others are the test inputs" in why.methods()


def test_other_weights_are_said(parent, tmp_path):
    weights = {name: each * 0.5 for name, each in parent.at(20).model.state_dict().items()}
    run = gl.fork(parent, 20, tmp_path / "halved", weights=weights)
    assert gl.explain(run).about["Goes on from"] == "step 20 of first (other weights were put in)"


def _rewritten(run, change):
    header = RunPaths(run.path).header
    values = json.loads(header.read_text())
    change(values["parent"])
    del values["sha256"]
    header.write_text(json.dumps(values | {"sha256": _digest(values)}))
    return gl.load(run.path)


def test_a_fork_that_did_not_keep_what_it_changed_says_so(parent, tmp_path):
    run = _rewritten(gl.fork(parent, 20, tmp_path / "fork"), lambda found: found.pop("changed"))
    assert (
        gl.explain(run).about["Goes on from"] == "step 20 of first (what was changed there is not recorded)"
    )


@pytest.mark.parametrize(
    "wrong", [{"changed": [1]}, {"changed": {"optimizer": {}}}, {"parent": {"run": "x"}}, {"a": 1}]
)
def test_a_header_that_lies_of_its_parent_is_refused(parent, tmp_path, wrong):
    run = gl.fork(parent, 20, tmp_path / "fork")
    with pytest.raises(DamagedRun, match="parent is"):
        _rewritten(run, lambda found: found.update(wrong))


def test_a_run_that_began_by_itself_goes_on_from_none(parent):
    assert "Goes on from" not in gl.explain(parent).about
    assert "goes on from" not in gl.explain(parent).methods()
