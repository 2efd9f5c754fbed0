"""What is found in every kind of model that the library takes, and what is said where nothing is."""

from types import SimpleNamespace

import pytest
import torch
from strangers import Table, Wrapped

import groklens as gl
from groklens.models import Anatomy, Heads, Site, site_of
from groklens.models.published import PairNetwork

TASK = gl.ModularArithmetic(11, "add")
SIZES = {"d_model": 16, "n_heads": 2, "d_head": 8}


def of(model, task=TASK):
    return gl.Snapshot(model, task).anatomy


def built(spec):
    return of(spec.build(TASK, seed=0))


class Patched(Wrapped):
    """A model of one's own whose weights have TransformerLens' names and whose hooks do not."""

    def __init__(self, n=11):
        super().__init__()
        self.W_E = torch.nn.Parameter(torch.zeros(n + 1, 8))


class TestTransformers:
    @pytest.mark.parametrize("layers", [1, 2])
    def test_everything_is_found(self, layers):
        anatomy = built(gl.Transformer(n_layers=layers, d_mlp=24, **SIZES))
        assert anatomy.n_layers == layers
        assert anatomy.neurons == Site(f"blocks.{layers - 1}.mlp.hook_post", -1)
        assert anatomy.neuron_inputs == Site(f"blocks.{layers - 1}.mlp.hook_pre", -1)
        assert anatomy.embedding == anatomy.embedding_hook == Site("hook_embed")
        assert anatomy.heads == tuple(Heads(layer, 2) for layer in range(layers))
        assert anatomy.combination == "attention"
        assert anatomy.multiplies
        assert anatomy.can_score
        assert anatomy.can_be_edited
        assert anatomy.readout == "W_out W_U"
        assert anatomy.neuron_logit_map.shape == (24, 11)
        assert not anatomy.reads_operands_directly
        assert not anatomy.shows_logits_alone

    def test_its_sites_are_where_activations_pass(self):
        snapshot = gl.Snapshot(gl.Transformer(d_mlp=24, **SIZES).build(TASK, seed=0), TASK)
        heads = snapshot.anatomy.heads[0]
        assert snapshot.activations(heads.z).shape == (121, 3, 2, 8)
        assert snapshot.activations(heads.pattern, pos=-1).shape == (121, 2, 3)
        for site in snapshot.anatomy.sites:
            assert torch.equal(snapshot.activations(site), snapshot.activations(site.hook, site.pos))
        assert torch.allclose(snapshot.activations(snapshot.anatomy.neurons), snapshot.neurons, atol=1e-5)

    def test_attention_alone_has_no_neurons(self):
        anatomy = built(gl.Transformer(n_layers=1, d_mlp=None, **SIZES))
        assert anatomy.neurons is None
        assert anatomy.neurons_sought == Site("blocks.0.mlp.hook_post", -1)
        assert anatomy.readout is None
        assert anatomy.neuron_logit_map is None
        assert anatomy.heads == (Heads(0, 2),)
        assert not anatomy.shows_logits_alone  # it has an embedding


class TestNetworksWithoutAttention:
    @pytest.mark.parametrize(
        ("given", "found"), [("concat", "concatenation"), ("sum", "sum"), ("product", "product")]
    )
    @pytest.mark.parametrize("d_embed", [8, None])
    def test_operands_are_put_together_as_the_model_says(self, given, found, d_embed):
        anatomy = built(gl.MLP(d_mlp=24, d_embed=d_embed, combine=given, act_fn="relu"))
        assert anatomy.combination == found
        assert anatomy.multiplies == (given == "product")
        assert anatomy.embeds == (d_embed is not None)
        assert anatomy.embedding == (Site("hook_embed") if d_embed else None)
        assert anatomy.embedding_hook == Site(
            "hook_embed"
        )  # there, and nothing passes where there are one-hots
        assert anatomy.reads_operands_directly
        assert anatomy.readout == "W_U"
        assert anatomy.heads == ()
        assert not anatomy.can_score

    @pytest.mark.parametrize(("kind", "layers"), [("A", 1), ("B", 2), ("C", 2), ("D", 1)])
    def test_a_published_network_of_pairs(self, kind, layers):
        anatomy = of(PairNetwork(kind=kind, d_vocab=11, d_vocab_out=11, d_embed=8, d_mlp=24))
        assert anatomy.neurons == Site(f"blocks.{layers - 1}.mlp.hook_post", -1)
        assert anatomy.combination == "unknown"
        assert anatomy.readout == "W_U"
        assert anatomy.embeds
        assert anatomy.heads == ()


class TestStrangers:
    def test_a_model_without_these_names(self):
        anatomy = of(Wrapped())
        assert anatomy.neurons is anatomy.embedding is anatomy.readout is None
        assert anatomy.heads == ()
        assert anatomy.combination == "unknown"
        assert anatomy.shows_logits_alone
        assert not anatomy.reads_operands
        assert anatomy.can_be_edited
        assert anatomy.sites == []
        assert anatomy.nothing_to_see == (
            "neurons and embeddings were not looked at: the model has no hook 'blocks.0.mlp.hook_post' and no W_E"
        )

    def test_an_embedding_by_name_and_no_hook_for_it(self):
        anatomy = of(Patched())
        assert anatomy.embeds
        assert anatomy.embedding is anatomy.embedding_hook is None
        assert not anatomy.shows_logits_alone

    def test_an_embedding_without_a_row_for_every_operand_is_something_else(self):
        assert not of(Patched(n=5)).embeds

    def test_an_object_without_hooks_cannot_be_edited(self):
        snapshot = gl.Snapshot(Table(), TASK)
        assert not snapshot.anatomy.can_be_edited
        with pytest.raises(gl.GroklensError, match=r"A Table has no hooks\(fwd_hooks=…\)"):
            gl.interventions.patch(snapshot, "logits", snapshot.logits)

    def test_hooks_whose_names_end_alike_are_said(self):
        model = SimpleNamespace(cfg=SimpleNamespace(n_layers=3), hook_dict={"encoder.hook_post": None})
        anatomy = Anatomy(model, TASK)
        assert anatomy.no_neurons_in("it") == (
            "no MLP neurons are found in 'it': no hook 'blocks.2.mlp.hook_post' (it has 'encoder.hook_post')"
        )


class TestOtherModelsInItsPlace:
    def test_an_edited_model_has_the_parts_of_the_model_and_an_anatomy_of_its_own(self):
        snapshot = gl.Snapshot(gl.MLP(d_mlp=24, d_embed=8).build(TASK, seed=0), TASK)
        changed = gl.interventions.prune(snapshot, [0, 1])
        assert changed.anatomy is not snapshot.anatomy
        assert changed.anatomy.neurons == snapshot.anatomy.neurons
        assert changed.anatomy.readout == snapshot.anatomy.readout
        assert changed.anatomy.can_be_edited

    def test_a_model_whose_logits_had_to_be_found(self):
        model = gl.Transformer(d_mlp=24, **SIZES).build(TASK, seed=0)
        anatomy = gl.Snapshot(model, TASK, answer=lambda output: output).anatomy
        assert anatomy.kind == type(model).__name__
        assert anatomy.neurons is not None

    def test_it_is_found_once(self):
        snapshot = gl.Snapshot(gl.MLP().build(TASK, seed=0), TASK)
        assert snapshot.anatomy is snapshot.anatomy
        assert snapshot.weights is snapshot.anatomy.weights


class TestSites:
    def test_a_site_is_a_value(self):
        assert {Site("hook_embed"), Site("hook_embed", None)} == {Site("hook_embed")}
        assert site_of("hook_embed", 2) == Site("hook_embed", 2)
        assert site_of(Site("hook_embed", 2)) == Site("hook_embed", 2)
        assert site_of(Site("hook_embed"), -1) == Site("hook_embed", -1)

    def test_interventions_and_capture_take_one(self):
        snapshot = gl.Snapshot(gl.MLP(d_mlp=24, d_embed=8).build(TASK, seed=0), TASK)
        site = snapshot.anatomy.neurons
        silent = gl.interventions.patch(snapshot, site, 0 * snapshot.neurons)
        named = gl.interventions.patch(snapshot, site.hook, 0 * snapshot.neurons, pos=-1)
        assert torch.equal(silent.logits, named.logits)
        drawn = gl.interventions.resample(snapshot, site, seed=1)
        assert torch.equal(drawn.logits, gl.interventions.resample(snapshot, site.hook, 1, -1).logits)
        assert gl.capture(snapshot, site).equals(gl.capture(snapshot, site.hook, pos=-1))
        both = [site, snapshot.anatomy.neuron_inputs]
        assert set(gl.capture(snapshot, both).data_vars) == {each.hook for each in both}

    def test_sites_of_several_positions_are_captured_one_after_another(self):
        snapshot = gl.Snapshot(gl.MLP(d_mlp=24, d_embed=8).build(TASK, seed=0), TASK)
        with pytest.raises(gl.GroklensError, match="one position at a time"):
            gl.capture(snapshot, [snapshot.anatomy.neurons, snapshot.anatomy.embedding])
