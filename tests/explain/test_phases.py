"""The rules for phases, on curves with known events, and how far their constants matter on the shipped run."""

import importlib

import pytest
import xarray as xr

from groklens.claims import Phase

phases = importlib.import_module("groklens.explain.phases")


def table(steps, **curves):
    return xr.Dataset({name: ("step", values) for name, values in curves.items()}, coords={"step": steps})


def grokking(**changed):
    """Memorises at 20; excluded loss rises from 40; test loss falls at 60; at rest from 80."""
    curves = {
        "train_accuracy": [0.1, 0.6, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0],
        "test_loss": [4.7, 7.0, 15.0, 20.0, 18.0, 15.0, 5.0, 0.5, 1e-3, 1e-5, 1e-6],
        "excluded_loss": [4.7, 3.0, 0.1, 0.01, 0.01, 1.0, 6.0, 10.0, 9.0, 9.0, 9.0],
        "sum_squared_weights": [2.0, 3.0, 4.0, 4.0, 3.5, 3.0, 2.5, 2.0, 1.02, 1.01, 1.0],
    }
    return table(list(range(0, 110, 10)), **{**curves, **changed})


def test_a_grokking_curve_has_its_three_phases_in_order():
    assert phases.find_phases(grokking()) == [
        Phase("memorisation", (0, 0), (10, 20)),
        Phase("circuit formation", (10, 20), (50, 60)),
        Phase("cleanup", (50, 60), (70, 80)),
    ]


def test_a_boundary_is_the_end_of_one_phase_and_the_start_of_the_next():
    first, second, third = phases.find_phases(grokking())
    assert first.end == second.start
    assert second.end == third.start


def test_memorising_at_the_first_step_is_the_interval_there():
    found = phases.find_phases(grokking(train_accuracy=[1.0] * 11))
    assert found[0] == Phase("memorisation", (0, 0), (0, 0))


def test_what_never_memorises_has_no_end():
    found = phases.find_phases(grokking(train_accuracy=[0.5] * 11))
    assert found == [
        Phase("memorisation", (0, 0), None),
        Phase("circuit formation", None, None),
        Phase("cleanup", None, None),
    ]


def test_what_never_generalises_only_memorises():
    found = phases.find_phases(grokking(test_loss=[4.7, 7.0, 15.0, 20.0, 21, 22, 23, 24, 25, 26, 27]))
    assert found == [
        Phase("memorisation", (0, 0), (10, 20)),
        Phase("circuit formation", None, None),
        Phase("cleanup", None, None),
    ]


def test_generalising_while_memorising_is_no_circuit_formation():
    falls_at_once = [4.7, 1.0, 0.5, 0.1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-6, 1e-6]
    found = phases.find_phases(grokking(test_loss=falls_at_once))
    assert [(phase.start, phase.end) for phase in found[1:]] == [(None, None)] * 2


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            {"test_loss": [4.7, 7.0, 1.0, 0.1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-6, 1e-6]},
            "train accuracy reaches 99 % and test loss falls below half of its peak between steps 10 and 20, and no "
            "step was kept at which one had happened alone",
        ),
        (
            {"test_loss": [4.7, 1.0, 0.5, 0.1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-6, 1e-6]},
            "test loss falls below half of its peak between steps 0 and 10, before train accuracy reaches 99 % between "
            "steps 10 and 20",
        ),
        ({"test_loss": [*range(1, 12)]}, "test loss does not fall below half of its peak"),
        ({"train_accuracy": [0.5] * 11}, "train accuracy stays below 99 % at every step looked at"),
        (
            {"excluded_loss": [4.7, 3.0, 0.1] + [0.15] * 8},
            "excluded loss rises by less than 0.1 nats while test loss stays above half of its peak",
        ),
        ({"excluded_loss": None}, "no circuit was found whose forming could be dated"),
    ],
)
def test_what_was_seen_in_its_place_is_said_of_a_circuit_that_was_not_seen_to_form(changed, said):
    kept = {name: values for name, values in changed.items() if values is not None}
    found = phases.find_phases(grokking(**kept).drop_vars(set(changed) - set(kept)))
    assert str(found[1]) == f"circuit formation: not seen, as {said}"
    assert str(found[2]) == "cleanup: not seen, as no circuit formation was seen that it could follow"


def test_a_fall_that_train_inputs_do_not_share_in_is_no_circuit_formation():
    flat = [4.7, 3.0, 0.1] + [0.15] * 8  # less than the 0.1 nats asked for
    found = phases.find_phases(grokking(excluded_loss=flat))
    assert [(phase.start, phase.end) for phase in found[1:]] == [(None, None)] * 2


def test_without_a_circuit_nothing_says_that_one_formed():
    found = phases.find_phases(grokking().drop_vars("excluded_loss"))
    assert [(phase.start, phase.end) for phase in found[1:]] == [(None, None)] * 2


@pytest.mark.parametrize(
    "changed",
    [
        {"test_loss": [4.7, 7.0, 15.0, 20.0, 18.0, 15.0, 5.0, 3.0, 2.0, 1.5, 1.0]},
        {"sum_squared_weights": [2.0, 3.0, 4.0, 4.0, 3.5, 3.0, 2.5, 2.0, 1.8, 1.5, 1.2]},
    ],
    ids=["loss", "norm"],
)
def test_what_has_not_settled_is_still_in_cleanup(changed):
    cleanup = phases.find_phases(grokking(**changed))[2]
    assert cleanup == Phase("cleanup", (50, 60), None)


def test_settling_is_for_good():
    rises_again = [4.7, 7.0, 15.0, 20.0, 18.0, 15.0, 5.0, 1e-3, 3.0, 1e-5, 1e-6]
    still = [2.0, 3.0, 4.0, 4.0, 3.5, 3.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    cleanup = phases.find_phases(grokking(test_loss=rises_again, sum_squared_weights=still))[2]
    assert cleanup.end == (80, 90)


def test_the_last_step_alone_does_not_show_that_anything_settled():
    late = [4.7, 7.0, 15.0, 20.0, 18.0, 15.0, 5.0, 3.0, 2.0, 1.0, 1e-3]
    assert phases.find_phases(grokking(test_loss=late))[2].end is None


def test_a_passing_dip_before_the_peak_is_no_fall():
    dips = [4.7, 1.0, 15.0, 20.0, 18.0, 15.0, 5.0, 0.5, 1e-3, 1e-5, 1e-6]
    assert phases.find_phases(grokking(test_loss=dips))[1].end == (50, 60)


def test_every_interval_lies_between_neighbouring_kept_steps():
    steps = [0, 3, 7, 20, 33, 50, 51, 90, 120, 500, 900]
    found = phases.find_phases(grokking().assign_coords(step=steps))
    for phase in found:
        for low, high in (phase.start, phase.end):
            assert (low, high) == (0, 0) or steps.index(high) == steps.index(low) + 1
    assert [phase.end for phase in found] == [(3, 7), (50, 51), (90, 120)]


def test_one_step_has_no_phases_and_no_split_has_none_either():
    assert phases.find_phases(grokking().isel(step=[10])) == []
    assert phases.find_phases(grokking().drop_vars("train_accuracy")) == []


def test_without_held_out_inputs_only_memorisation_is_dated():
    assert phases.find_phases(grokking().drop_vars("test_loss")) == [Phase("memorisation", (0, 0), (10, 20))]


def test_a_phase_is_json_values():
    assert Phase("cleanup", (50, 60), None).to_dict() == {"name": "cleanup", "start": [50, 60], "end": None}


def bounds(found, steps):
    """Index of the kept step at or after each event."""
    return [
        None if bound is None else steps.index(bound[1])
        for phase in found
        for bound in (phase.start, phase.end)
    ]


@pytest.mark.slow
class TestSensitivity:
    """On the shipped run, in kept steps: what the docstring of `find_phases` says about its constants."""

    @pytest.mark.parametrize(
        ("constant", "factor", "moves"),
        [
            ("PEAK_SHARE", 0.5, 2),
            ("RISE", 0.5, 0),
            ("RISE", 2, 0),
            ("SETTLED_LOSS", 0.5, 0),
            ("SETTLED_LOSS", 2, 0),
            ("SETTLED_NORM", 0.5, 0),
            ("SETTLED_NORM", 2, 1),
        ],
    )
    def test_a_factor_of_two_moves_the_bounds_by_at_most(self, mod113, monkeypatch, constant, factor, moves):
        steps = mod113.table["step"].values.tolist()
        usual = bounds(mod113.phases, steps)
        monkeypatch.setattr(phases, constant, factor * getattr(phases, constant))
        moved = bounds(phases.find_phases(mod113.table), steps)
        assert None not in usual
        assert None not in moved
        assert max(abs(here - there) for here, there in zip(usual, moved, strict=True)) <= moves

    def test_any_fall_at_all_comes_before_the_circuit(self, mod113, monkeypatch):
        # Doubled, the share is 1: test loss has a summit long before train inputs rely on the circuit.
        monkeypatch.setattr(phases, "PEAK_SHARE", 2 * phases.PEAK_SHARE)
        formation = phases.find_phases(mod113.table)[1]
        assert (formation.start, formation.end) == (None, None)
