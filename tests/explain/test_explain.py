"""Explanations of models whose truth is known."""

import json
import math
from html import unescape

import pytest
import torch

import groklens as gl
from groklens.claims import HEADINGS, interval
from groklens.errors import BadArgument, UnknownName
from groklens.views import summary

TASK = gl.ModularArithmetic(17, "add")
TRAIN, TEST = TASK.split(0.5, seed=0)


def lookup_of_train_cells():
    model = gl.planted(TASK, algorithm="lookup")
    with torch.no_grad():
        model.W_U[TEST] = 0.0
    return model


def mixture(by_heart, by_clock):
    """A clock's neurons and one neuron a cell, side by side in one product network, each scaled; 0 is silent."""
    clock = gl.planted(TASK, [2, 5])
    width, waves, cells = clock.W_E.shape[1], clock.cfg.d_mlp, torch.arange(len(TASK.labels))
    spec = gl.MLP(d_mlp=waves + len(cells), d_embed=width + 18, combine="product", act_fn="identity")
    model = spec.build(TASK, seed=0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        model.W_E[:, :width], model.W_E[:, width:] = clock.W_E, torch.eye(18)
        model.W_in[:, :width, :waves] = clock.W_in * (by_clock > 0)
        for operand in range(2):
            model.W_in[operand, width + TASK.inputs[:, operand], waves + cells] = float(by_heart > 0)
        model.W_U[:waves] = by_clock * clock.W_U
        model.W_U[waves:] = by_heart * gl.planted(TASK, algorithm="lookup").W_U
        model.W_U[waves + TEST] = model.W_U[waves + TEST].roll(1, dims=1)  # wrong, and sure of it
    return model


class Growing:
    """A run in memory: from nothing, over a table known by heart that misleads elsewhere, to a clock."""

    name = "growing"
    task = TASK

    def __init__(
        self, scales=((0, 0, 0), (10, 1, 0), (20, 1, 0.05), (30, 0.05, 0.3), (40, 0, 1), (50, 0, 1))
    ):
        self._scales = {step: (by_heart, by_clock) for step, by_heart, by_clock in scales}

    @property
    def steps(self):
        return list(self._scales)

    def at(self, step):
        if step not in self._scales:
            raise UnknownName(f"no step {step}")
        return gl.Snapshot(mixture(*self._scales[step]), TASK, step=step, train_index=TRAIN)


@pytest.fixture(scope="module")
def clock():
    return gl.explain(gl.planted(TASK, [2, 5]), TASK)


def test_a_clock_generalises_by_its_components(clock):
    assert clock.generalised
    assert clock.algorithm == "clock"
    assert clock.verdict == "supported"
    assert clock.circuit == gl.Circuit("C17", [2, 5])
    assert clock.key_components == [2, 5]
    assert clock.phases == []
    # Every neuron of a planted clock is the circuit's: no other set as large can be ablated beside them.
    (unsure,) = [finding for finding in clock.findings if finding.verdict != "supported"]
    assert unsure.verdict == "undecided"
    assert "no control could be drawn" in unsure.note


def test_it_is_the_circuit_that_find_circuit_finds(clock):
    assert gl.find_circuit(clock.final) == clock.circuit


def test_a_lone_model_says_that_its_split_is_not_known(clock):
    assert "trained on is not known" in clock.finding("generalises").note
    assert "all inputs" in clock.finding("generalises").claim
    assert "test_loss" not in clock.table


def test_every_finding_has_a_claim_a_number_and_most_have_controls(clock):
    for finding in clock.findings:
        assert finding.claim
        assert finding.value is not None
        assert math.isfinite(finding.value)
    with_controls = [finding for finding in clock.findings if finding.controls]
    assert len(with_controls) >= 5
    assert clock.finding("logits.key").control("untrained").name == "weights shuffled"


def test_each_kept_step_is_opened_once_the_untrained_control_too(tmp_path, monkeypatch):
    task = gl.ModularArithmetic(7, "add")
    recipe = gl.Recipe(task=task, model=gl.MLP(d_mlp=24, d_embed=8), steps=4, keep=gl.Every(2))
    run, opened, at = gl.train(recipe, into=tmp_path / "run", progress=False), [], gl.Run.at
    monkeypatch.setattr(gl.Run, "at", lambda self, step: opened.append(step) or at(self, step))
    gl.explain(run, progress=False)
    assert sorted(opened) == [0, 2, 4]


def test_a_lookup_is_undecided():
    why = gl.explain(gl.planted(TASK, algorithm="lookup"), TASK)
    assert why.generalised  # as far as can be seen without a split
    assert (why.algorithm, why.verdict, why.circuit) == ("undecided", "undecided", None)
    assert why.key_components == list(range(1, 9))
    assert "lookup table" in why.finding("circuit").note
    assert why.finding("circuit").verdict == "undecided"


def test_an_untrained_model_is_none_where_its_split_is_known():
    model = gl.Transformer(d_model=16, n_heads=2, d_head=8, d_mlp=24).build(TASK, seed=0)
    why = gl.explain(gl.Snapshot(model, TASK, train_index=TRAIN))
    assert not why.generalised
    assert (why.algorithm, why.verdict, why.circuit) == ("none", "refuted", None)
    assert "does not generalise" in why.finding("circuit").note
    assert "has not memorised its train inputs and is correct on" in why.headline


def test_memorised_where_the_split_is_known():
    why = gl.explain(gl.Snapshot(lookup_of_train_cells(), TASK, train_index=TRAIN))
    assert not why.generalised
    assert (why.algorithm, why.verdict, why.circuit) == ("memorised", "refuted", None)


class TestUnknownSplit:
    def test_a_memoriser_is_undecided_and_said_to_be(self):
        why = gl.explain(lookup_of_train_cells(), TASK)
        assert (why.generalised, why.algorithm, why.verdict) == (False, "undecided", "undecided")
        assert {finding.verdict for finding in why.findings} == {"undecided"}
        assert "which of them it was trained on is not known" in why.headline
        assert "memorised, generalises or neither is undecided" in why.headline

    def test_the_split_can_be_told(self):
        why = gl.explain(lookup_of_train_cells(), TASK, train_index=TRAIN)
        assert (why.algorithm, why.verdict) == ("memorised", "refuted")

    def test_too_few_right_for_the_share_trained_on_is_neither(self):
        model = lookup_of_train_cells()  # right on half of all inputs
        fewer = gl.explain(gl.Snapshot(model, TASK, train_share=0.8))
        assert (fewer.algorithm, fewer.verdict) == ("none", "refuted")
        enough = gl.explain(gl.Snapshot(model, TASK, train_share=0.5))
        assert (enough.algorithm, enough.verdict) == ("undecided", "undecided")

    def test_where_nothing_was_held_out_generalising_is_undecided(self):
        everything = torch.arange(len(TASK.labels))
        why = gl.explain(gl.Snapshot(gl.planted(TASK, [2, 5]), TASK, train_index=everything))
        assert (why.generalised, why.algorithm, why.verdict) == (False, "undecided", "undecided")
        assert "trained on every input" in why.headline


def test_a_random_table_known_by_heart_has_nothing_to_find():
    task = gl.RandomTable(11, seed=0)
    why = gl.explain(gl.planted(task, algorithm="lookup"), task)
    assert (why.algorithm, why.circuit, why.key_components) == ("undecided", None, [])
    assert "no group" in why.finding("circuit").note


def test_a_run_is_explained_from_its_last_step_with_phases():
    why = gl.explain(Growing())
    assert why.run == "growing"
    assert (why.algorithm, why.verdict) == ("clock", "supported")
    assert why.circuit == gl.Circuit("C17", [2, 5])
    assert [(phase.name, phase.start, phase.end) for phase in why.phases] == [
        ("memorisation", (0, 0), (0, 10)),
        ("circuit formation", (0, 10), (20, 30)),
        ("cleanup", (20, 30), (30, 40)),
    ]
    assert why.table["step"].values.tolist() == [0, 10, 20, 30, 40, 50]
    assert why.finding("logits.key").control("untrained").name == "untrained (step 0)"


def test_some_steps_end_the_run_where_they_end():
    why = gl.explain(Growing(), steps=[0, 10])
    assert (why.algorithm, why.verdict) == ("memorised", "refuted")
    assert why.table["step"].values.tolist() == [0, 10]


def test_explaining_twice_gives_the_same_and_leaves_the_global_generator_alone(clock):
    before = torch.get_rng_state()
    again = gl.explain(gl.planted(TASK, [2, 5]), TASK)
    assert again.to_json() == clock.to_json()
    assert torch.equal(torch.get_rng_state(), before)


def test_explaining_changes_no_weight_and_leaves_no_hook():
    model = gl.planted(TASK, [2, 5])
    state = {name: value.clone() for name, value in model.state_dict().items()}
    gl.explain(model, TASK)
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    assert not any(hook.fwd_hooks or hook.bwd_hooks for hook in model.hook_dict.values())


def test_a_model_without_a_task_and_a_run_without_steps_are_refused():
    with pytest.raises(BadArgument, match=r"what it was trained on: gl\.explain\(model, gl\.Mod"):
        gl.explain(gl.planted(TASK, [2, 5]))
    with pytest.raises(BadArgument, match="kept no step, so"):
        gl.explain(Growing(scales=()))


class TestJson:
    FIELDS = (
        "schema", "run", "task", "generalised", "algorithm", "verdict", "headline", "key_components", "circuit",
        "phases", "findings", "forecast",
    )  # fmt: skip

    def test_holds_what_the_schema_says(self, clock):
        values = json.loads(clock.to_json())
        assert tuple(values) == self.FIELDS
        assert values["schema"] == 1
        assert values["generalised"] is True
        assert values["circuit"] == {"group": "C17", "components": [2, 5]}
        assert values["key_components"] == [2, 5]
        for finding in values["findings"]:
            assert {"key", "role", "claim", "value", "controls", "verdict", "source"} <= set(finding)
            assert finding["key"]
            assert finding["verdict"] in ("supported", "refuted", "undecided")

    def test_is_the_same_after_a_round_trip(self, clock, tmp_path):
        text = clock.to_json(tmp_path / "why.json")
        assert (tmp_path / "why.json").read_text(encoding="utf-8") == text
        assert json.loads(text) == json.loads(json.dumps(clock.to_dict()))

    def test_holds_no_number_that_json_does_not_have(self, clock):
        def refuse(constant):
            raise AssertionError(constant)

        json.loads(clock.to_json(), parse_constant=refuse)

    def test_phases_are_intervals_or_null(self):
        values = json.loads(gl.explain(Growing()).to_json())
        assert values["phases"][0] == {"name": "memorisation", "start": [0, 0], "end": [0, 10]}
        nothing = json.loads(gl.explain(gl.planted(TASK, algorithm="lookup"), TASK).to_json())
        assert nothing["circuit"] is None
        assert nothing["phases"] == []


class TestText:
    def test_says_what_was_found(self, clock):
        lines = str(clock).splitlines()
        assert lines[0] == clock.headline == json.loads(clock.to_json())["headline"]
        assert clock.headline == (
            "HookedMLP (a+b mod 17) is correct on 100 % of all inputs, its split not known, by a clock-like circuit on "
            "frequencies 2, 5 of C17: supported."
        )
        assert "How we know" in lines
        assert not any(line.startswith("When") for line in lines)
        assert sum("[supported]" in line for line in lines) == len(clock.findings) - 1
        assert sum("[undecided]" in line for line in lines) == 1

    def test_says_what_was_not(self):
        assert "undecided" in str(gl.explain(gl.planted(TASK, algorithm="lookup"), TASK)).splitlines()[0]
        why = gl.explain(gl.Snapshot(lookup_of_train_cells(), TASK, train_index=TRAIN))
        assert "has memorised" in str(why).splitlines()[0]

    def test_shell_page_and_notebook_say_the_same(self):
        why = gl.explain(Growing())
        shell = str(why)
        page, notebook = (
            unescape(text).replace("\N{NO-BREAK SPACE}", " ") for text in (why.to_html(), summary(why))
        )
        everywhere = [why.headline, *HEADINGS.values(), *(finding.claim for finding in why.findings)]
        everywhere += [finding.said for finding in why.findings]
        everywhere += [interval(phase.end) for phase in why.phases]
        controls = [(each, found.units) for found in why.findings for each in found.controls]
        everywhere += [text for each, units in controls for text in (each.name, each.spread(units))]
        for said in everywhere:
            assert said in shell
            assert said in page
            assert said in notebook

    def test_dates_the_phases(self):
        text = str(gl.explain(Growing()))
        assert "memorisation: from step 0, over by step 10" in text

    def test_is_short_where_python_shows_it(self, clock):
        assert repr(clock) == f"Explanation({clock.headline!r})"


def test_a_pizza_is_told_from_a_clock():
    why = gl.explain(gl.planted(TASK, [2, 5], "pizza"), TASK)
    assert (why.algorithm, why.verdict) == ("pizza", "supported")
    assert why.circuit == gl.Circuit("C17", [2, 5])


def test_an_optimiser_around_another_is_named_with_it(tmp_path):
    recipe = gl.Recipe(
        task=TASK,
        model=gl.MLP(d_mlp=4, d_embed=4),
        optimizer=gl.recipes.Grokfast(gl.recipes.OrthoGrad(gl.AdamW(lr=1e-2))),
        steps=2,
    )
    about = gl.explain(gl.train(recipe, tmp_path / "run", progress=False)).about
    assert about["Training"].startswith("Grokfast around OrthoGrad around AdamW, learning rate 0.01, ")
