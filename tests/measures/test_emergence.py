"""The audit of a jump: an artefact of the metric is refuted, a true jump supported, and little decides nothing."""

import numpy as np
import pytest
import xarray as xr

import groklens as gl
from groklens.claims import FINDINGS
from groklens.errors import BadArgument
from groklens.measures import audit_emergence
from groklens.measures.transition import Transition, counting_error

STEPS = np.arange(0, 1001, 10)
LENGTH = 10


def scored(p, steps=STEPS, **more):
    """What a model that is correct with probability p has of each metric, over tests of ten answers."""
    p = np.asarray(p, dtype=float)
    columns = {
        "exact_match": p**LENGTH,
        "all_accuracy": p,
        "loss": -np.log(0.01 + 0.99 * p),
        "brier_score": 2 * (1 - p) ** 2,
        "edit_distance": 1 - p,
    } | more
    return xr.Dataset({name: ("step", each) for name, each in columns.items()}, coords={"step": steps})


EVENLY = STEPS / 1000
AT_ONCE = np.where(STEPS < 600, 0.05, 0.99)


def test_an_artefact_of_the_metric_is_refuted():
    found = audit_emergence(scored(EVENLY), n_test=10_000)
    assert found.verdict == "refuted"
    assert found.control("sharp_metric").mean < 1 < found.control("continuous_metrics").low
    assert found.value == found.control("continuous_metrics").high
    assert all(f"{name} does not jump" in found.note for name in ("loss", "all_accuracy", "edit_distance"))


def test_a_jump_of_the_model_is_supported():
    found = audit_emergence(scored(AT_ONCE), n_test=10_000)
    assert found.verdict == "supported"
    assert found.value < 0.1
    assert found.key in FINDINGS


@pytest.mark.parametrize("smooth", ["loss", "brier_score", "edit_distance", "all_accuracy"])
def test_one_continuous_metric_that_does_not_jump_is_enough(smooth):
    table = scored(AT_ONCE, **{smooth: 1 - EVENLY})
    assert audit_emergence(table, n_test=10_000).verdict == "refuted"
    others = [name for name in ("loss", "brier_score") if name != smooth]
    assert audit_emergence(table, 10_000, continuous=others).verdict == "supported"


def test_a_jump_elsewhere_is_another_jump():
    table = scored(AT_ONCE, loss=np.where(STEPS < 200, 4.6, 0.01))
    found = audit_emergence(table, n_test=10_000)
    assert found.verdict == "refuted"
    assert "loss changes elsewhere" in found.note


def test_what_does_not_jump_is_not_emergent():
    found = audit_emergence(scored(EVENLY), 10_000, sharp="all_accuracy", continuous=["brier_score"])
    assert found.verdict == "refuted"
    assert "all_accuracy does not jump" in found.note


def test_what_the_tests_cannot_see_is_undecided():
    assert audit_emergence(scored(AT_ONCE), n_test=8).verdict == "undecided"
    assert "8 tests" in audit_emergence(scored(AT_ONCE), n_test=8).note
    late = scored(
        1 / (1 + np.exp(-(STEPS - 600) / 17))
    )  # the loss falls a little before: a few tests leave that open
    assert [audit_emergence(late, n).verdict for n in (100, 10_000)] == ["undecided", "refuted"]


def test_places_that_are_too_few_are_undecided_and_no_change_too():
    few = scored(AT_ONCE[[0, 50, 100]], steps=[0, 500, 1000])
    assert audit_emergence(few, n_test=10_000).verdict == "undecided"
    assert audit_emergence(scored(AT_ONCE, loss=0 * EVENLY), n_test=10_000).verdict == "undecided"
    assert audit_emergence(scored(0 * EVENLY), n_test=10_000).value is None


def test_a_logarithm_of_the_axis_makes_no_jump():
    """Over a scale of four decades an even rise stands in the last one; the audit takes the scale as it is."""
    scale = np.geomspace(1, 1e4, 101)
    table = scored(scale / 1e4, steps=scale).rename(step="parameters")
    assert audit_emergence(table, 10_000_000).verdict == "refuted"


def test_the_metrics_are_found_and_can_be_named():
    by_skill = {f"skill_{name}": ("step", AT_ONCE) for name in ("accuracy", "loss", "brier")}
    assert (
        audit_emergence(scored(EVENLY).assign(by_skill)[["loss", *by_skill]], 10_000).verdict == "supported"
    )
    table = scored(AT_ONCE).drop_vars("exact_match")
    assert "all_accuracy" in audit_emergence(table, 10_000).claim
    assert audit_emergence(table.rename(loss="mine"), 10_000, continuous="mine").verdict == "supported"


def test_a_run_is_audited_through_its_table():
    task = gl.tasks.SparseParity(n=6, k=2)
    random, knows = gl.MLP(d_mlp=2, d_embed=None).build(task, 0), gl.planted(task, task.hidden, "parity")
    run = gl.Run.of(dict.fromkeys(range(0, 50, 10), random) | dict.fromkeys(range(50, 90, 10), knows), task)
    names = ["exact_match", "loss", "brier_score", "edit_distance", "all_accuracy"]
    found = audit_emergence(gl.track(run, names), n_test=len(task.labels))
    assert found.verdict == "supported"


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda t: audit_emergence("run", 10), "what gl.track"),
        (lambda t: audit_emergence(t[["loss"]], 10), "name the metric whose jump"),
        (lambda t: audit_emergence(t[["exact_match"]], 10), "needs continuous metrics"),
        (lambda t: audit_emergence(t, 10, sharp="bleu"), "no 'bleu'"),
        (lambda t: audit_emergence(t, 10, continuous=["bleu"]), "no 'bleu'"),
        (lambda t: audit_emergence(t, 0), "n_test"),
        (lambda t: audit_emergence(t.isel(step=slice(2)), 10), "at least three"),
        (lambda t: audit_emergence(t.isel(step=slice(None, None, -1)), 10), "ascending"),
        (lambda t: audit_emergence(t.expand_dims(seed=2), 10), "along one axis"),
    ],
)
def test_what_cannot_be_audited_is_refused(call, said):
    with pytest.raises(BadArgument, match=said):
        call(scored(AT_ONCE))


# Transitions


def test_a_transition_is_from_ten_to_ninety_per_cent():
    found = Transition.of([0, 100, 200, 300, 400], [0, 0, 0, 1, 1])
    assert (found.began, found.done) == ((200, 300), (200, 300))
    assert found.ratio == pytest.approx(80 / 210)
    assert found.ratio_range == (0, pytest.approx(0.5))
    assert found.is_jump is True


def test_it_begins_with_the_first_change_its_way_and_ends_where_it_stays():
    assert Transition.of(range(6), [1, 1.2, 1, 0, 0.5, 0]).began == (
        2,
        3,
    )  # a rise before is no part of the fall
    assert Transition.of(range(6), [1, 1, 1, 0, 0.5, 0]).done == (4, 5)


def test_errors_widen_it():
    values = np.clip(EVENLY * 2 - 1, 0, 1)
    sure, unsure = Transition.of(STEPS, values), Transition.of(STEPS, values, 0.05)
    assert unsure.began[0] < sure.began[0] <= sure.began[1] < unsure.began[1]
    assert unsure.ratio == sure.ratio
    assert Transition.of(STEPS, values, 0.1) is None
    assert Transition.of(STEPS, 0 * values) is None


def test_a_share_is_known_up_to_the_number_of_tests():
    assert counting_error([0, 0.5, 1], 100).tolist() == pytest.approx([0.01, 0.1, 0.01])
