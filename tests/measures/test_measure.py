"""What every measure owes: labels, ranges, determinism, no trace left on the snapshot, and clear refusals."""

import json
import math

import numpy as np
import pytest
import torch
import xarray as xr

import groklens as gl
from groklens import measures
from groklens.errors import BadArgument
from groklens.measures.measure import NEEDS, NEEDS_OF_PARITIES

TASK = gl.ModularArithmetic(11, "add")
TRAIN, _ = TASK.split(0.5, seed=0)
CIRCUIT = gl.Circuit("C11", [2, 5])
EVERY = pytest.mark.parametrize("measure", measures.PROGRESS, ids=lambda m: m.__name__)
MODELS = {
    "clock": lambda: gl.planted(TASK, [2, 5]),
    "lookup": lambda: gl.planted(TASK, algorithm="lookup"),
    "mlp": lambda: gl.MLP(d_mlp=24, d_embed=8).build(TASK, seed=0),
    "transformer": lambda: gl.Transformer(d_model=16, n_heads=2, d_head=8, d_mlp=24).build(TASK, seed=0),
}


@pytest.fixture(scope="module", params=sorted(MODELS))
def snapshot(request):
    return gl.Snapshot(MODELS[request.param](), TASK, step=3, train_index=TRAIN)


@EVERY
def test_says_what_its_numbers_mean(measure):
    about = measure.about
    assert about.long_name
    assert about.units
    assert about.source
    assert about.split in ("all", "train", "test", "weights")
    assert set(about.needs) <= {*NEEDS, *NEEDS_OF_PARITIES}
    assert about.valid_range[0] < about.valid_range[1]
    assert measure.__doc__
    assert len(measure.__doc__.split()) > 5
    if about.split in ("train", "test"):
        assert "split" in about.needs
    values = json.loads(json.dumps(about.attributes()))
    assert {"long_name", "units", "valid_range", "source", "split"} <= set(values)


def test_no_two_measures_share_a_name():
    names = [measure.__name__ for measure in measures.PROGRESS]
    assert len(names) == len(set(names))
    assert all(
        getattr(measures, name) is measure for name, measure in zip(names, measures.PROGRESS, strict=True)
    )


@EVERY
def test_gives_a_number_or_a_labelled_array_within_its_range(measure, snapshot):
    value = measure(snapshot, CIRCUIT)
    assert isinstance(value, (float, xr.DataArray))
    if isinstance(value, xr.DataArray):
        assert set(value.dims) <= {"component", "neuron"}
    low, high = measure.about.valid_range
    flat = np.asarray(value, dtype=float)
    assert np.isfinite(flat).all()
    assert flat.min() >= low - 1e-12
    assert flat.max() <= high + 1e-9


@EVERY
def test_is_deterministic_and_leaves_no_trace(measure, snapshot):
    model = snapshot.model
    state = {name: value.clone() for name, value in model.state_dict().items()}
    logits, neurons = snapshot.logits.clone(), snapshot.neurons.clone()
    generator = torch.get_rng_state()
    first = measure(snapshot, CIRCUIT)
    again = measure(gl.Snapshot(model, TASK, train_index=TRAIN), CIRCUIT)
    assert np.array_equal(np.asarray(first), np.asarray(again))
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    assert torch.equal(snapshot.logits, logits)
    assert torch.equal(snapshot.neurons, neurons)
    assert torch.equal(torch.get_rng_state(), generator)
    assert not any(hook.fwd_hooks or hook.bwd_hooks for hook in model.hook_dict.values())


@pytest.mark.parametrize(
    ("measure", "given", "message"),
    [
        (
            measures.logit_similarity,
            gl.RandomTable(5),
            "logit_similarity needs a group, and random table 5 has none",
        ),
        (measures.embedding_spectrum, gl.RandomTable(5), "gl.find_circuit"),
        (measures.restricted_loss, TASK, "restricted_loss is relative to a circuit: give one as its second"),
        (measures.test_loss, TASK, "test_loss needs test inputs.*train_index"),
    ],
)
def test_a_missing_need_is_refused_with_what_to_do(measure, given, message):
    with pytest.raises(BadArgument, match=message):
        measure(gl.Snapshot(gl.planted(given, algorithm="lookup"), given))


def test_a_split_that_holds_nothing_out_is_no_split():
    snapshot = gl.Snapshot(gl.planted(TASK, [2, 5]), TASK, train_index=torch.arange(121))
    with pytest.raises(BadArgument, match="holds nothing out"):
        measures.test_accuracy(snapshot)


def test_a_model_without_neurons_is_refused_where_they_are_needed():
    model = gl.Transformer(d_model=16, n_heads=2, d_head=8, d_mlp=None).build(TASK, seed=0)
    with pytest.raises(BadArgument, match=r"no blocks\.\*\.mlp\.hook_post"):
        measures.neuron_explained(gl.Snapshot(model, TASK))
    assert measures.embedding_spectrum(gl.Snapshot(model, TASK)).sizes == {"component": 5}


def test_key_components_refuses_other_rules_and_tasks_without_a_group():
    with pytest.raises(BadArgument, match="'logits', 'clusters' or 'readout'"):
        measures.key_components(gl.Snapshot(gl.planted(TASK, [2]), TASK), "vibes")
    table = gl.RandomTable(5)
    with pytest.raises(BadArgument, match="has no group"):
        measures.key_components(gl.Snapshot(gl.planted(table, algorithm="lookup"), table))


def test_an_unknown_need_is_refused():
    with pytest.raises(
        BadArgument,
        match=r"\['luck'\]; a measure may need group, split, embedding, neurons, attention, patterns, circuit",
    ):
        gl.measure(long_name="x", units="x", valid_range=(0, 1), source="x", needs=("luck",))


SAYS = {"long_name": "x", "units": "nats", "valid_range": (0, 1), "source": "here"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({name: value for name, value in SAYS.items() if name != "source"}, "'source'; a measure says"),
        ({**SAYS, "sauce": "here"}, "'sauce'; a measure says"),
        ({**SAYS, "source": None}, "source is None and should be text"),
        ({**SAYS, "valid_range": 3}, "valid_range is 3 and should be its two ends"),
        ({**SAYS, "valid_range": (1, 0)}, "valid_range is .* and should be its two ends"),
    ],
)
def test_what_a_measure_does_not_say_of_its_numbers_is_asked_for(given, said):
    with pytest.raises(BadArgument, match=rf"(?s){said}.*@gl\.measure\(long_name="):
        gl.measure(**given)


def test_a_measure_that_says_nothing_is_told_what_to_say():
    with pytest.raises(BadArgument, match=r"^Nothing is said of its numbers; .*source="):

        @gl.measure
        def mine(snapshot):
            return 1.0


def test_a_measure_of_ones_own_is_as_good_as_any():
    @gl.measure(
        long_name="largest logit", units="logit", valid_range=(-math.inf, math.inf), source="this test"
    )
    def largest_logit(snapshot):
        """The largest logit."""
        return float(snapshot.logits.max())

    snapshot = gl.Snapshot(gl.planted(TASK, [2, 5]), TASK)
    assert largest_logit(snapshot) == largest_logit(snapshot, CIRCUIT) == pytest.approx(60, rel=1e-4)
    assert largest_logit.__name__ == "largest_logit"
    assert largest_logit.__doc__ == "The largest logit."


@pytest.mark.parametrize(
    "value", [[1.0, 2.0], torch.ones(3), "much", None, torch.ones(2, requires_grad=True)], ids=str
)
def test_what_is_no_number_and_no_labelled_array_is_answered_in_words(tiny_run, value):
    measure = gl.measure(long_name="odd", units="", valid_range=(0, 1), source="here")(lambda snapshot: value)
    measure.__name__ = "odd"
    with pytest.raises(BadArgument, match=r"odd at step 0 of tiny is .*a measure gives one number, such as"):
        gl.track(tiny_run, [measure])


@pytest.mark.parametrize(
    "value", [0.5, np.float32(0.5), torch.tensor(0.5, requires_grad=True), torch.ones(1) / 2]
)
def test_one_number_may_be_a_tensor(tiny_run, value):
    measure = gl.measure(long_name="half", units="", valid_range=(0, 1), source="here")(
        lambda snapshot: value
    )
    measure.__name__ = "half"
    assert set(gl.track(tiny_run, [measure]).half.values) == {0.5}


def test_one_need_is_given_as_several():
    with pytest.raises(BadArgument, match=r"needs=\('group',\)"):
        gl.measure(long_name="odd", units="", valid_range=(0, 1), source="here", needs="group")


def test_models_of_several_shapes_are_no_steps_of_one_run():
    narrow, wide = (gl.MLP(d_mlp=n, d_embed=8).build(TASK, seed=0) for n in (8, 24))
    with pytest.raises(BadArgument, match="24 by neuron; 8 by neuron"):
        gl.track(gl.Run.of({0: narrow, 5: wide}, TASK), "neuron_ipr")
