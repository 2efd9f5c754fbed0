"""A stream of many skills: control bits choose one, by a power law, and everything else is as of any stream."""

from dataclasses import replace

import pytest
import torch

import groklens as gl
from groklens.errors import BadArgument
from groklens.tasks import MultitaskParity, task_from_spec

TASK = MultitaskParity(skills=4, n=8, k=2, seed=1)
RECIPE = gl.Recipe(
    task=TASK,
    model=gl.MLP(d_mlp=64, d_embed=None),
    optimizer=gl.AdamW(lr=1e-2, weight_decay=0.0),
    batch_size=64,
    steps=60,
    evaluate_every=30,
    keep=gl.Every(20),
)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return gl.train(RECIPE, into=tmp_path_factory.mktemp("stream") / "skills")


def by_hand(inputs):
    """The label of each input, bit by bit."""
    labels = []
    for bits in inputs.tolist():
        (asked,) = [skill for skill in range(TASK.skills) if bits[skill]]
        labels.append(sum(bits[place] for place in TASK.subsets[asked].tolist()) % 2)
    return labels


@pytest.mark.parametrize("examples", [TASK.probe, TASK.each_skill, TASK.batch(3, 1, 50)])
def test_one_control_bit_is_set_and_the_label_is_its_skills_parity(examples):
    assert examples.inputs.shape[1] == TASK.n_ctx == TASK.skills + TASK.n
    assert bool((examples.inputs[:, : TASK.skills].sum(dim=1) == 1).all())
    assert examples.labels.tolist() == by_hand(examples.inputs)


def test_skills_have_subsets_of_their_own_among_the_bits_that_are_no_control():
    found = {tuple(bits) for bits in MultitaskParity(skills=10, n=5, k=2).subsets.tolist()}
    assert len(found) == 10
    assert all(10 <= bit < 15 for bits in found for bit in bits)


def test_frequencies_are_a_power_law_that_the_probe_follows():
    powers = [(i + 1) ** -1.4 for i in range(4)]
    assert TASK.frequencies.tolist() == pytest.approx([each / sum(powers) for each in powers])
    counted = torch.bincount(TASK.skill_of(TASK.inputs), minlength=4) / len(TASK.inputs)
    assert counted.tolist() == pytest.approx(TASK.frequencies.tolist(), abs=4 * 0.5 / 64)
    assert torch.bincount(TASK.skill_of(TASK.each_skill.inputs)).tolist() == [4096] * 4


def test_a_batch_is_a_function_of_update_and_seed_alone():
    before = torch.random.get_rng_state()
    first = TASK.batch(7, 3, 64).inputs
    assert torch.equal(TASK.batch(7, 3, 64).inputs, first)
    assert not torch.equal(TASK.batch(8, 3, 64).inputs, first)
    assert not torch.equal(TASK.batch(7, 4, 64).inputs, first)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_it_comes_back_from_its_specification():
    assert task_from_spec(TASK.spec()) == TASK
    assert MultitaskParity(alpha=1).spec() == MultitaskParity(alpha=1.0).spec()
    assert TASK.name == "4 parities of 2 of 8 bits"


def test_a_killed_run_ends_with_the_same_bits(run, tmp_path, monkeypatch):
    from groklens.training import loop

    def killed(text, step, total):
        if step == 35:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(loop, "tell", killed)
        with pytest.raises(KeyboardInterrupt):
            gl.train(RECIPE, into=tmp_path / "run", resume_every=0.0)
    again = gl.train(RECIPE, into=tmp_path / "run").final.model.state_dict()
    assert all(torch.equal(again[name], value) for name, value in run.final.model.state_dict().items())


def test_several_are_trained_at_once_and_the_frequent_skill_is_ahead(run, tmp_path):
    others = gl.train_many([replace(RECIPE, seed=seed) for seed in (0, 1)], into=tmp_path / "runs")
    for name, value in run.final.model.state_dict().items():
        torch.testing.assert_close(others[0].final.model.state_dict()[name], value, rtol=1e-3, atol=1e-4)
    accuracy = gl.track(run, gl.measures.SKILLS)["skill_accuracy"]
    assert float(accuracy.sel(step=60, skill=1)) > float(accuracy.sel(step=60, skill=4))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: MultitaskParity(n=3, k=4), "k is 4, of n = 3 bits"),
        (lambda: MultitaskParity(skills=4, n=3, k=2), "3 bits have 3 subsets of 2"),
        (lambda: MultitaskParity(alpha=-2), "alpha is -2"),
        (lambda: MultitaskParity(skills=0), "skills"),
    ],
)
def test_what_makes_no_stream_is_refused(make, said):
    with pytest.raises(BadArgument, match=said):
        make()
