"""A model that generalised and then lost it is told that it had been there, and at which step; others are not."""

import pytest
import torch

import groklens as gl

TASK = gl.ModularArithmetic(11)
TRAIN, _ = TASK.split(0.5, seed=0)
EVERY = torch.arange(121)


def answering(known, strength=1.0):
    """A model that answers these inputs, those that it was not trained on with less strength, and the others with 0."""
    model = gl.planted(TASK, algorithm="lookup")
    with torch.no_grad():
        model.W_U[~torch.isin(EVERY, known)] = 0.0
        model.W_U[~torch.isin(EVERY, TRAIN)] *= strength
    return model


def learned():
    return answering(EVERY)


def memorised():
    return answering(TRAIN)


def blown_up():
    return answering(EVERY[:40])


def explained(models, recorded=True, **how):
    run = gl.Run.of(
        {step * 100: model for step, model in enumerate(models)}, TASK, train_index=TRAIN, name="mine"
    )
    run._source.split_recorded = recorded
    return gl.explain(run, **how)


@pytest.fixture(scope="module")
def collapsed():
    return explained([memorised(), learned(), learned(), blown_up()])


def test_a_model_that_blew_up_is_told_that_it_had_generalised(collapsed):
    assert (collapsed.generalised, collapsed.generalised_at) == (False, 200)
    assert ") no longer fits its train inputs and is correct on " in collapsed.headline
    said = "; it was correct on 100 % of test inputs at step 200, which gl.explain(run, steps=200) judges."
    assert collapsed.headline.endswith(said)


def test_print_json_and_report_say_it(collapsed):
    for text in (str(collapsed), collapsed.to_json(), collapsed.to_html()):
        assert "it was correct on 100 % of test inputs at step 200" in text


def test_what_the_headline_proposes_judges_that_step(collapsed):
    assert gl.explain(collapsed.source, steps=200).generalised


def test_one_that_still_fits_its_train_inputs_is_not_said_to_have_lost_them():
    why = explained([learned(), memorised()])
    assert ") has memorised its train inputs and is correct on " in why.headline
    assert "at step 0, which gl.explain(run, steps=0) judges." in why.headline


@pytest.mark.parametrize(
    "models",
    [
        lambda: [memorised(), blown_up()],
        lambda: [blown_up(), learned()],
        lambda: [answering(EVERY[:100]), blown_up()],
    ],
)
def test_one_that_never_generalised_or_does_is_told_nothing(models):
    why = explained(models())
    assert why.generalised_at is None
    assert "it was correct" not in why.headline


def test_the_steps_asked_for_are_those_looked_at():
    assert explained([memorised(), learned(), blown_up()], steps=[0, 200]).generalised_at is None


def test_by_a_split_that_does_not_show_no_step_generalised():
    """A table learned by heart, all of it, answers whatever is called a test input."""
    assert explained([learned(), blown_up()], recorded=False).generalised_at is None


def test_a_split_that_shows_before_is_believed():
    why = explained([memorised(), answering(EVERY, 0.5), blown_up()], recorded=False)
    assert why.generalised_at == 100
