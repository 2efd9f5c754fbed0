"""From a few test inputs no model is said to generalise: luck answers them."""

import warnings

import pytest
import torch

import groklens as gl
from groklens.claims import by_key
from groklens.evidence import judged

TASK = gl.ModularArithmetic(13, "add")
#: Two answers, of which one is right on four of five inputs.
PAIRS = torch.cartesian_prod(torch.arange(10), torch.arange(10))
UNEVEN = gl.TableTask(PAIRS, (PAIRS.sum(1) % 5 == 0).long(), name="uneven")


def explained(task, n_test, recorded=True):
    """A model that is correct on every input, some of the last of which are held out."""
    order = torch.randperm(len(task.labels), generator=torch.Generator().manual_seed(0))
    model = gl.planted(task, [2, 5]) if task is TASK else gl.planted(task, algorithm="lookup")
    return gl.explain(gl.Snapshot(model, task, train_index=order[n_test:], split_recorded=recorded))


@pytest.mark.parametrize("recorded", [True, False])
@pytest.mark.parametrize(("n_test", "luck"), [(1, "50 %"), (2, "25 %"), (5, "3.13 %"), (6, "1.56 %")])
def test_half_of_such_inputs_would_do(n_test, luck, recorded):
    why = explained(TASK, n_test, recorded)
    assert (why.generalised, why.algorithm, why.verdict) == (False, "undecided", "undecided")
    inputs = "1 test input" if n_test == 1 else f"{n_test} test inputs"
    assert why.headline.endswith(
        f"is correct on 100 % of {inputs}, too few to tell from luck: whether it generalises is undecided."
    )
    assert (
        f"correct on 50 % of such inputs answers as many in {luck} of cases"
        in why.finding("generalises").note
    )


def test_seven_are_enough_and_it_is_said_how_much_they_show():
    why = explained(TASK, 7)
    assert why.generalised
    assert ") generalises, judged by 7 test inputs, by a c" in why.headline
    assert (
        "7 inputs can show, at 1 %, no more than an accuracy above 51.8 %" in why.finding("generalises").note
    )


def test_of_many_inputs_nothing_is_added():
    why = explained(TASK, 84)
    assert ") generalises by a c" in why.headline
    assert why.finding("generalises").note == "accuracy 100 % against the 99 % asked for"


@pytest.mark.parametrize(("n_test", "enough"), [(20, False), (21, True)])
def test_where_one_answer_is_right_on_most_inputs_more_are_asked_for(n_test, enough):
    """0.8 to the power of 20 is 1.2 %, and to that of 21 it is 0.9 %."""
    why = explained(UNEVEN, n_test)
    assert judged(why.final).blind == pytest.approx(0.8)
    assert why.generalised == enough
    assert ("too few to tell from luck" in why.headline) == (not enough)


def test_a_model_that_is_wrong_on_a_few_is_refuted_all_the_same():
    train = torch.arange(3, 169)
    model = gl.planted(TASK, algorithm="lookup")
    with torch.no_grad():
        model.W_U[:3] = 0.0
    why = gl.explain(gl.Snapshot(model, TASK, train_index=train, split_recorded=True))
    assert (why.algorithm, why.finding("generalises").verdict) == ("memorised", "refuted")


def test_a_memoriser_whose_few_test_inputs_are_of_those_it_knows_is_not_said_to_generalise():
    """Seven tenths known by heart; as few as one of them are called test inputs."""
    known, _ = TASK.split(0.7, seed=0)
    for n_test in range(1, 18):
        given = torch.tensor([each for each in range(169) if each not in set(known[:n_test].tolist())])
        model = gl.planted(TASK, algorithm="lookup")
        with torch.no_grad():
            others = torch.ones(169, dtype=torch.bool)
            others[known] = False
            model.W_U[others] = 0.0
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # from 14 on the split is doubted
            why = gl.explain(model, TASK, train_index=given)
        assert ("split.fits" in by_key(why.findings)) == (n_test >= 14), n_test
        assert ") generalises" not in why.headline, n_test
