"""Interventions on models whose inside is known, and on models with every kind of hook."""

import copy

import pytest
import torch

import groklens as gl
from groklens.errors import BadArgument, UnknownName
from groklens.harmonics import answer_means
from groklens.hypotheses import Relabelled, constant_at, values_at
from groklens.interventions import ablate, clusters, graded, keep, patch, remove, replace, resample
from groklens.interventions.readout import (
    embedded_logits,
    is_linear,
    logits_of,
    logits_without,
    means_without,
)
from groklens.interventions.replace import logits_of_fits
from groklens.models.loss import tied_accuracy
from groklens.snapshots.statistics import neuron_shares

P = 13
ADD = gl.ModularArithmetic(P, "add")
POST = "blocks.0.mlp.hook_post"
CIRCUIT = gl.Circuit("C13", [2, 5])


def transformer(n_layers=1, normalization=None):
    spec = gl.Transformer(
        n_layers=n_layers, d_model=16, n_heads=2, d_head=8, d_mlp=32, normalization=normalization
    )
    return gl.Snapshot(spec.build(ADD, seed=0), ADD, step=3, train_index=torch.arange(50))


def clock():
    return gl.Snapshot(gl.planted(ADD, [2, 5]), ADD)


MODELS = {
    "one layer": transformer,
    "two layers": lambda: transformer(2),
    "layer norm": lambda: transformer(normalization="LN"),
    "planted clock": clock,
    "planted pizza": lambda: gl.Snapshot(gl.planted(ADD, [2, 5], "pizza"), ADD),
    "mlp": lambda: gl.Snapshot(gl.MLP(d_mlp=24, d_embed=8).build(ADD, seed=0), ADD),
}
every_model = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)


@every_model
def test_putting_back_what_was_there_changes_nothing(model):
    snapshot = model()
    hooks = [name for name in ("hook_embed", "blocks.0.hook_resid_mid") if name in snapshot.model.hook_dict]
    for hook in hooks:
        same = patch(snapshot, hook, snapshot.activations(hook))
        torch.testing.assert_close(same.logits, snapshot.logits, rtol=1e-5, atol=1e-5)
    last = f"blocks.{snapshot.model.cfg.n_layers - 1}.mlp.hook_post"
    same = patch(snapshot, last, snapshot.neurons, pos=-1)
    torch.testing.assert_close(same.logits, snapshot.logits, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(patch(snapshot, "logits", snapshot.logits).logits, snapshot.logits)


@every_model
def test_an_edit_is_what_a_hook_of_the_models_own_makes(model):
    """The plain reference: the same change by run_with_hooks, on inputs in another order."""
    snapshot = model()
    last = f"blocks.{snapshot.model.cfg.n_layers - 1}.mlp.hook_post"
    values = torch.randn(snapshot.neurons.shape, generator=torch.Generator().manual_seed(1))
    changed = patch(snapshot, last, values, pos=-1)
    order = torch.randperm(P * P, generator=torch.Generator().manual_seed(2))

    def put(value, hook):
        value = value.clone()
        value[:, -1] = values[order]
        return value

    plain = snapshot.model.run_with_hooks(ADD.inputs[order], fwd_hooks=[(last, put)])[:, -1, :P].detach()
    torch.testing.assert_close(changed.logits[order], plain, rtol=1e-5, atol=1e-5)
    again = changed.model(ADD.inputs[order])[:, -1, :P].detach()  # rows are found by their tokens
    torch.testing.assert_close(again, plain, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(changed.activations(last, pos=-1), values)


@every_model
def test_the_short_cut_is_the_forward_pass(model):
    snapshot = model()
    last = f"blocks.{snapshot.model.cfg.n_layers - 1}.mlp.hook_post"
    values = snapshot.neurons.clone()
    values[:, ::2] = 0.3
    torch.testing.assert_close(
        logits_of(snapshot, values), patch(snapshot, last, values, pos=-1).logits, rtol=1e-4, atol=1e-4
    )


def test_a_final_norm_is_noticed():
    assert is_linear(transformer())
    assert not is_linear(transformer(normalization="LN"))


@every_model
@pytest.mark.parametrize(
    "which", [slice(3, 4), slice(None, None, 2), slice(None)], ids=["one", "half", "all"]
)
def test_ablating_by_short_cut_is_ablating(model, which):
    snapshot = model()
    index = torch.arange(snapshot.neurons.shape[1])[which]
    plain = ablate(snapshot, index).logits
    torch.testing.assert_close(logits_without(snapshot, index), plain, rtol=1e-4, atol=1e-4)
    means = means_without(snapshot, index, ADD.symmetry)
    torch.testing.assert_close(means, answer_means(plain, ADD.symmetry), rtol=1e-4, atol=1e-4)


@every_model
@pytest.mark.parametrize("relabelled", [None, torch.arange(P).flip(0)], ids=["own", "relabelled"])
def test_fitting_by_short_cut_is_fitting(model, relabelled):
    snapshot = model()
    circuit = gl.Circuit("C13", sorted({*neuron_shares(snapshot, ADD.symmetry)[0]})[:2])
    plain = replace(snapshot, circuit, relabelled).logits
    torch.testing.assert_close(logits_of_fits(snapshot, circuit, relabelled), plain, rtol=1e-4, atol=1e-4)


def test_the_model_is_left_as_it_was():
    snapshot = transformer()
    before = copy.deepcopy(dict(snapshot.model.state_dict()))
    logits = snapshot.logits.clone()
    changed = ablate(snapshot, range(32))
    assert not torch.equal(changed.logits, logits)
    assert all(torch.equal(before[name], value) for name, value in snapshot.model.state_dict().items())
    assert not any(hook.fwd_hooks for hook in snapshot.model.hook_dict.values())
    torch.testing.assert_close(gl.Snapshot(snapshot.model, ADD).logits, logits)
    assert (changed.step, torch.equal(changed.train_index, snapshot.train_index)) == (3, True)


def test_measures_take_an_edited_snapshot():
    snapshot = clock()
    without = remove(snapshot, CIRCUIT)
    assert gl.measures.all_accuracy(snapshot) == 1
    assert gl.measures.loss(without) == pytest.approx(
        gl.measures.loss(patch(snapshot, "logits", without.logits))
    )
    assert float(without.logits.std()) < 1e-5 * float(snapshot.logits.std())


def accuracy(changed, snapshot):
    """Accuracy to the resolution of the whole logits: cutting a planted model leaves rounding."""
    resolution = 1e-6 * float(snapshot.logits.abs().max())
    return tied_accuracy(changed.logits, snapshot.task.labels, resolution)


@pytest.mark.parametrize("at", ["logits", "neurons", "embeddings"])
def test_a_planted_clock_needs_its_components_everywhere_and_no_others(at):
    snapshot = clock()
    assert accuracy(keep(snapshot, CIRCUIT, at), snapshot) == 1
    assert accuracy(remove(snapshot, CIRCUIT, at), snapshot) == pytest.approx(1 / P, abs=0.02)
    other = gl.Circuit("C13", [1, 6])
    assert accuracy(keep(snapshot, other, at), snapshot) == pytest.approx(1 / P, abs=0.02)
    assert accuracy(remove(snapshot, other, at), snapshot) == 1


@pytest.mark.parametrize("at", ["logits", "neurons", "embeddings"])
def test_keeping_and_removing_add_up(at):
    """What is kept and what is removed are the whole, less a mean that both hold."""
    snapshot = clock()
    hook, pos = {"logits": (None, None), "neurons": (POST, -1), "embeddings": ("hook_embed", None)}[at]

    def values(of):
        return of.logits if hook is None else of.activations(hook, pos)

    kept, removed = values(keep(snapshot, CIRCUIT, at)), values(remove(snapshot, CIRCUIT, at))
    whole = values(snapshot)
    mean = kept + removed - whole
    spread = mean - mean.mean(dim=0) if at != "embeddings" else mean - mean[:1]
    assert float(spread.abs().max()) < 1e-4 * float(whole.abs().max())
    half = values(remove(snapshot, CIRCUIT, at, amount=0.5))
    torch.testing.assert_close(half, (whole + removed) / 2, rtol=1e-4, atol=1e-4)


def test_logits_are_projected_as_the_circuit_does():
    snapshot = transformer()
    part = CIRCUIT.project(snapshot.logits, ADD).float()
    torch.testing.assert_close(remove(snapshot, CIRCUIT).logits, snapshot.logits - part)


def test_relabelling_by_an_automorphism_of_the_circuit_changes_nothing():
    """x → −x maps every frequency to itself, so those are the same components."""
    snapshot, mirror = clock(), -torch.arange(P) % P
    for at in ("logits", "neurons", "embeddings"):
        torch.testing.assert_close(
            remove(snapshot, CIRCUIT, at, relabelled=mirror).logits,
            remove(snapshot, CIRCUIT, at).logits,
            rtol=1e-4,
            atol=1e-4,
        )


def test_subtraction_is_projected_in_its_own_elements():
    task = gl.ModularArithmetic(P, "sub")
    snapshot = gl.Snapshot(gl.planted(task, [2, 5]), task)
    assert accuracy(keep(snapshot, CIRCUIT, "embeddings"), snapshot) == 1
    assert accuracy(remove(snapshot, CIRCUIT, "embeddings"), snapshot) == pytest.approx(1 / P, abs=0.02)


def test_neurons_fitted_by_their_own_component_compute_the_same():
    """A product of two waves of one frequency is its own fit; the other components' neurons fall silent."""
    snapshot = clock()
    torch.testing.assert_close(replace(snapshot, CIRCUIT).logits, snapshot.logits, rtol=1e-4, atol=1e-4)
    found = clusters(snapshot, CIRCUIT)
    assert sum(len(index) for index in found.values()) == snapshot.neurons.shape[1]
    one = replace(snapshot, gl.Circuit("C13", [2])).logits
    torch.testing.assert_close(one, ablate(snapshot, found[5]).logits, rtol=1e-4, atol=1e-4)


def test_resampling_undoes_what_the_neurons_carry():
    snapshot = clock()
    assert gl.measures.all_accuracy(resample(snapshot, POST, seed=0, pos=-1)) < 0.3
    torch.testing.assert_close(
        resample(snapshot, POST, seed=4).logits, resample(snapshot, POST, seed=4).logits
    )


def test_graded_falls_with_the_amount_and_random_components_do_not():
    table = graded(clock(), CIRCUIT, at="neurons", amounts=(0, 0.5, 1, 2), draws=5)
    assert table["accuracy"].values[0] == 1
    assert table["accuracy"].values[2] < 0.2
    assert (table["loss"].diff("amount") > 0).all()
    assert (table["loss_relabelled"].sel(amount=1) < table["loss"].sel(amount=1)).all()
    assert table["loss"].attrs["units"] == "nats"
    assert table["accuracy_relabelled"].dims == ("amount", "draw")


def test_attention_can_be_patched_at_the_answers_query():
    snapshot = transformer()
    hook = "blocks.0.attn.hook_pattern"
    pattern = snapshot.activations(hook, pos=-1)
    torch.testing.assert_close(patch(snapshot, hook, pattern, pos=-1).logits, snapshot.logits)
    uniform = patch(snapshot, hook, torch.full_like(pattern, 1 / pattern.shape[-1]), pos=-1)
    assert float((uniform.logits - snapshot.logits).abs().max()) > 1e-4


def test_kind_errors():
    snapshot = clock()
    with pytest.raises(BadArgument, match="choose 'logits', 'readout', "):
        keep(snapshot, CIRCUIT, at="residue")
    with pytest.raises(BadArgument, match=r"values is a Tensor of shape \(3, 4\), .* 169 inputs"):
        patch(snapshot, POST, torch.zeros(3, 4))
    with pytest.raises(UnknownName, match="hook_past"):
        patch(snapshot, "blocks.0.mlp.hook_past", torch.zeros(P * P, 4))
    with pytest.raises(BadArgument, match="numbered from 0"):
        ablate(snapshot, [10_000])
    with pytest.raises(BadArgument, match="inputs of a\\+b mod 13 alone"):
        ablate(transformer(), [0]).model(torch.tensor([[12, 12, 12]]))


@pytest.mark.parametrize(
    ("hook", "shape", "pos", "said"),
    [
        (POST, (4,), -1, r"is \(\d+,\) an input and values are \(4,\); give them as snapshot"),
        (POST, (4,), None, r"is \(\d+, \d+\) an input and values are \(4,\)"),
        (POST, (4,), 9, "pos is 9, but"),
        ("logits", (3,), None, r"\(13,\) an input and values are \(3,\); give them as snapshot\.logits"),
        ("logits", (30,), None, r"values are \(30,\)"),
        ("logits", (), None, r"values are \(\)"),
    ],
)
def test_values_of_another_shape_are_refused_at_once(hook, shape, pos, said):
    with pytest.raises(BadArgument, match=said):
        patch(clock(), hook, torch.zeros(P * P, *shape), pos=pos)


def test_values_at_named_positions_are_held_to_their_shape():
    snapshot = transformer()
    here = snapshot.activations("blocks.0.hook_resid_pre", "a")
    patch(snapshot, "blocks.0.hook_resid_pre", here, pos="a")
    with pytest.raises(BadArgument, match="pos='a'"):
        patch(snapshot, "blocks.0.hook_resid_pre", here[:, :4], pos="a")


def test_a_model_that_cannot_be_hooked_is_refused():
    class Bare:
        cfg = snapshot_cfg = None

        def run_with_cache(self, *_, **__):
            raise AssertionError

        def state_dict(self):
            return {}

    with pytest.raises(BadArgument, match="hooks\\(fwd_hooks"):
        patch(gl.Snapshot(Bare(), ADD), "logits", torch.zeros(P * P, P))


@pytest.mark.parametrize("relabelled", [None, torch.arange(13).flip(0)])
def test_other_embeddings_give_by_the_quick_pass_what_the_hooks_give(relabelled):
    for snapshot in (transformer(), clock()):
        values = values_at(snapshot, "embeddings")
        part = Relabelled(CIRCUIT, relabelled).part(values, "embeddings", snapshot)
        mean = constant_at("embeddings", snapshot)
        for changed in (mean + part, values - part):
            plain = patch(snapshot, "hook_embed", changed).logits
            torch.testing.assert_close(embedded_logits(snapshot, changed), plain, rtol=1e-4, atol=1e-4)


def test_embeddings_that_depend_on_the_input_are_run_through_the_hooks():
    snapshot = transformer()
    changed = values_at(snapshot, "embeddings") + torch.arange(len(ADD.labels))[:, None, None] / 100
    assert torch.equal(embedded_logits(snapshot, changed), patch(snapshot, "hook_embed", changed).logits)
