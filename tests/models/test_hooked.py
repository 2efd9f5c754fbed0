"""A plain torch module, hooked: what it is asked gives what the module itself gives, and it is left as it is."""

import copy
import pickle
import re
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
import transformer_lens
from plain_modules import (
    CLOCK_NAMES,
    T13,
    Clock,
    Operator,
    SequenceFirst,
    TorchTransformer,
    Tuple,
    TwoArguments,
    encoder_names,
)
from torch import nn

import groklens as gl
from groklens.errors import BadArgument, UnknownName
from groklens.models import real_copy
from groklens.models.fast_pass import quick_applies
from groklens.models.hooking.spelling import nearest_hook

T7 = gl.ModularArithmetic(7)
CIRCUIT = gl.Circuit("C13", [3, 5])
POST = "blocks.0.mlp.hook_post"


def drawn():
    """The states of generators; Python's own moves where types are checked, as in these tests."""
    return torch.get_rng_state().tolist(), np.random.get_state()[1].tolist()  # noqa: NPY002


def state(module):
    """All that may be seen of a module."""
    parts = [
        (path, sorted(vars(part)), part.training, len(part._forward_hooks), len(part._forward_pre_hooks))
        for path, part in module.named_modules()
    ]
    values = {name: value.clone() for name, value in module.state_dict().items()}
    grads = [None if p.grad is None else p.grad.clone() for p in module.parameters()]
    places = [p.data_ptr() for p in module.parameters()]
    return parts, values, grads, places, torch.backends.mha.get_fastpath_enabled(), torch.is_grad_enabled()


def assert_same(before, after):
    assert before[0] == after[0]
    assert all(torch.equal(before[1][name], value) for name, value in after[1].items())
    for a, b in zip(before[2], after[2], strict=True):
        assert (a is None) == (b is None)
        assert a is None or torch.equal(a, b)
    assert before[3:] == after[3:]


class TestAPlantedCircuit:
    def test_is_found_without_a_single_name(self):
        why = gl.explain(gl.hooked(Clock()), T13)
        assert why.circuit == CIRCUIT
        assert why.verdict == "supported"
        assert why.headline.endswith("supported in part, as sufficiency of the per-neuron fits is undecided.")
        for key in ("neurons.show", "sufficiency.neurons"):
            note = why.finding(key).note
            assert why.finding(key).verdict == "undecided"
            assert "no hook 'blocks.0.mlp.hook_post' and no W_E" in note
            assert "gl.hooked(module, names={'PATH': 'blocks.0.mlp.hook_post', 'PATH.weight': 'W_E'})" in note
        assert why.headline.startswith("Clock ")
        assert why.to_html()

    def test_has_the_full_battery_with_names(self):
        why = gl.explain(gl.hooked(Clock(), CLOCK_NAMES), T13)
        planted = gl.explain(gl.planted(T13, [3, 5]), T13)
        assert why.headline.endswith("C13: supported.")
        for key in ("neurons.show", "sufficiency.neurons", "necessity.readout"):
            assert why.finding(key).verdict == "supported"
            assert why.finding(key).value == pytest.approx(planted.finding(key).value)

    def test_is_drawn_measured_and_examined(self):
        model = gl.hooked(Clock(), CLOCK_NAMES)
        run = gl.Run.of({0: gl.hooked(Clock(components=[2, 3]), CLOCK_NAMES), 10: model}, T13)
        for view in (gl.views.neurons, gl.views.embedding, gl.views.logits, gl.views.circuit):
            assert view(run)._repr_mimebundle_()
        table = gl.track(run, ["all_accuracy", "logit_similarity", "gradient_symmetricity"])
        assert float(table["all_accuracy"][-1]) == 1.0
        assert all(f.verdict != "refuted" for f in gl.examine(gl.Snapshot(model, T13), CIRCUIT))

    def test_a_measure_that_lacks_a_name_says_how_to_give_it(self):
        snapshot = gl.Snapshot(gl.hooked(Clock()), T13)
        with pytest.raises(BadArgument, match=r"names=\{'PATH.weight': 'W_E'\}"):
            gl.measures.embedding_spectrum(snapshot)
        with pytest.raises(BadArgument, match=r"names=\{'PATH': 'blocks.0.mlp.hook_post'\}"):
            gl.views.neurons(snapshot)


def _one_hots(tokens):
    return tuple(F.one_hot(tokens[:, i], 13).float() for i in (0, 1))


def _operator_task():
    inputs = torch.tensor([[a, 13, b, 14] for a in range(13) for b in range(13)])
    labels = (inputs[:, 0] + inputs[:, 2]) % 13
    return gl.TableTask(inputs, labels, group="C13", operands=(0, 2), name="a op b =")


class TestShapesOfScripts:
    def check(self, model, task=T13, names=True):
        why = gl.explain(model, task)
        assert why.circuit == CIRCUIT
        assert why.finding("sufficiency.logits").verdict == "supported"
        if names:
            assert why.finding("sufficiency.neurons").verdict == "supported"

    def test_positions_first(self):
        options = {"inputs": lambda tokens: tokens.T, "answer": lambda output: output[-1]}
        self.check(gl.hooked(SequenceFirst(), **options), names=False)
        names = {key: name for key, name in CLOCK_NAMES.items() if name != "W_E"}
        model = gl.hooked(SequenceFirst(), names, **options)
        assert gl.Snapshot(model, T13).activations("embedding").shape[:2] == (169, 3)
        self.check(model)

    def test_a_tuple(self):
        self.check(gl.hooked(Tuple(), CLOCK_NAMES, answer=lambda output: output[1]))
        with pytest.raises(BadArgument, match=r"answer=lambda output: output\[1\]\), or .*gl.hooked"):
            gl.Snapshot(gl.hooked(Tuple()), T13).logits  # noqa: B018

    def test_four_tokens_with_an_operator_and_the_whole_vocabulary(self):
        task = _operator_task()
        self.check(gl.hooked(Operator(task), CLOCK_NAMES), task)
        assert gl.Snapshot(gl.hooked(Operator(task)), task).logits.shape == (169, 13)

    def test_two_arguments_of_one_hots(self):
        names = {"mixed": POST, "out.weight": "W_U"}
        self.check(gl.hooked(TwoArguments(), inputs=_one_hots), names=False)
        self.check(gl.hooked(TwoArguments(), names, inputs=_one_hots))
        with pytest.raises(BadArgument, match=r"gl.hooked\(module, inputs=…\)"):
            gl.Snapshot(gl.hooked(TwoArguments()), T13).logits  # noqa: B018
        with pytest.raises(BadArgument, match="inputs= fails on the task's tokens"):
            gl.Snapshot(gl.hooked(TwoArguments(), inputs=lambda tokens: tokens[9999]), T13).logits  # noqa: B018

    def test_a_layer_over_both_operands_reads_each(self):
        net = nn.Sequential(nn.Embedding(8, 4), nn.Flatten(), nn.Linear(12, 5), nn.ReLU(), nn.Linear(5, 7))
        model = gl.hooked(net, {"0.weight": "W_E", "2.weight": "W_in", "4.weight": "W_U", "3": POST})
        snapshot = gl.Snapshot(model, T7)
        assert torch.equal(snapshot.weights["W_in"], net[2].weight.T.detach().view(3, 4, 5)[:2])
        assert snapshot.anatomy.reads_operands_directly
        assert gl.measures.embedding_spectrum(snapshot).sum() == pytest.approx(1)


@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize("causal", [True, False])
class TestTorchTransformer:
    def made(self, batch_first, causal):
        torch.manual_seed(0)
        module = TorchTransformer(batch_first=batch_first, causal=causal).eval()
        options = {} if batch_first else {"inputs": lambda t: t.T, "answer": lambda o: o.transpose(0, 1)}
        return module, gl.hooked(module, encoder_names(), **options)

    def test_gives_what_it_gives(self, batch_first, causal):
        module, model = self.made(batch_first, causal)
        snapshot = gl.Snapshot(model, T7)
        with torch.no_grad():
            own = module(T7.inputs if batch_first else T7.inputs.T)
        last = own[:, -1] if batch_first else own[-1]
        assert torch.allclose(snapshot.logits, last[:, :7], atol=1e-5)
        for name in snapshot.anatomy.hooks:
            if "out_proj" not in name:
                assert len(snapshot.activations(name)) == 49, name

    def test_patterns_and_neurons_are_what_torch_computes(self, batch_first, causal):
        module, model = self.made(batch_first, causal)
        snapshot, layer = gl.Snapshot(model, T7), module.encoder.layers[0]
        with torch.no_grad():
            x = module.embedding(T7.inputs) + module.positions
            x = x if batch_first else x.transpose(0, 1)
            mask = nn.Transformer.generate_square_subsequent_mask(3) if causal else None
            _, pattern = layer.self_attn(x, x, x, attn_mask=mask, average_attn_weights=False)
        assert torch.allclose(snapshot.activations("blocks.0.attn.hook_pattern"), pattern, atol=1e-6)
        pre = snapshot.activations("blocks.0.mlp.hook_pre")
        assert torch.equal(snapshot.activations(POST), pre.relu())
        assert snapshot.anatomy.n_layers == 2
        assert [each.count for each in snapshot.anatomy.heads] == [2, 2]
        assert snapshot.anatomy.combination == "attention"

    def test_its_weights_are_transformer_lens(self, batch_first, causal):
        _, model = self.made(batch_first, causal)
        snapshot = gl.Snapshot(model, T7)
        weights = snapshot.weights
        assert weights["W_Q"].shape == (2, 2, 16, 8)
        assert weights["W_O"].shape == (2, 2, 8, 16)
        assert torch.equal(weights["W_U"], weights["W_E"].T)
        z = snapshot.activations("blocks.0.attn.hook_z")
        given = torch.einsum("iphd,hdm->ipm", z, weights["W_O"][0]) + weights["b_O"][0]
        assert torch.allclose(given, snapshot.activations("encoder.layers.0.self_attn"), atol=1e-5)

    def test_editing_inside_attention_is_editing_by_hand(self, batch_first, causal):
        module, model = self.made(batch_first, causal)
        snapshot = gl.Snapshot(model, T7)
        z = snapshot.activations("blocks.1.attn.hook_z")
        silent = gl.interventions.patch(snapshot, "blocks.1.attn.hook_z", 0 * z)
        by_hand = copy.deepcopy(module)
        with torch.no_grad():
            by_hand.encoder.layers[1].self_attn.out_proj.weight.zero_()
            own = by_hand(T7.inputs if batch_first else T7.inputs.T)
        assert torch.allclose(silent.logits, (own[:, -1] if batch_first else own[-1])[:, :7], atol=1e-5)
        same = gl.interventions.patch(snapshot, "blocks.1.attn.hook_z", z)
        assert torch.allclose(same.logits, snapshot.logits, atol=1e-5)


class TestHooks:
    def test_the_fused_pass_of_torch_calls_them(self):
        """In evaluation mode and without gradients torch runs a layer in one piece."""
        module = TorchTransformer().eval()
        model = gl.hooked(module)
        with torch.no_grad():
            _, cache = model.run_with_cache(T7.inputs)
        assert cache["encoder.layers.0.linear1"].shape == (49, 3, 64)
        assert torch.backends.mha.get_fastpath_enabled()

    def test_are_those_of_torch(self):
        module = Clock()
        seen = []
        handle = module.left.register_forward_hook(lambda part, args, output: seen.append((args[0], output)))
        model = gl.hooked(module)
        output, cache = model.run_with_cache(T13.inputs, names_filter=["left", "left.hook_input"])
        handle.remove()
        assert torch.equal(output, module(T13.inputs))
        assert torch.equal(cache["left.hook_input"], seen[-1][0])
        assert torch.equal(cache["left"], seen[-1][1])

    def test_change_what_passes_as_by_hand(self):
        module = Clock()
        model = gl.hooked(module, CLOCK_NAMES)
        mixed = {}

        def halve(value, hook):
            mixed[hook.name] = value
            return value / 2

        halved = model.run_with_hooks(T13.inputs, fwd_hooks=[(POST, halve)])
        assert torch.equal(halved, module.head(mixed[POST] / 2))
        with model.hooks(fwd_hooks=[("left.hook_input", halve)]):
            once = model(T13.inputs)
        assert torch.allclose(once, module(T13.inputs) / 2, rtol=1e-4, atol=1e-4)
        assert torch.equal(model(T13.inputs), module(T13.inputs))

    def test_an_intervention_is_what_it_is_by_hand(self):
        module = Clock()
        snapshot = gl.Snapshot(gl.hooked(module, CLOCK_NAMES), T13)
        planted = gl.Snapshot(gl.planted(T13, [3, 5]), T13)
        for place in ("logits", "neurons", "embeddings"):
            ours = gl.interventions.remove(snapshot, CIRCUIT, at=place).logits
            assert torch.allclose(ours, gl.interventions.remove(planted, CIRCUIT, at=place).logits, atol=1e-3)

    def test_an_item_of_a_tuple_and_the_first_tensor(self):
        net = nn.Sequential(nn.Embedding(8, 4), nn.LSTM(4, 4, batch_first=True))
        model = gl.hooked(net, {"1.0": "hidden"}, answer=lambda output: output[0])
        _, cache = model.run_with_cache(T7.inputs, names_filter=["hidden", "1"])
        assert torch.equal(cache["hidden"], cache["1"])
        assert cache["1"].shape == (49, 3, 4)
        changed = model.run_with_hooks(T7.inputs, fwd_hooks=[("hidden", lambda value, hook: 0 * value)])
        assert not changed.any()

    def test_a_part_that_is_passed_twice_has_no_value_of_its_own(self):
        class Twice(nn.Module):
            def __init__(self):
                super().__init__()
                self.embed, self.head = nn.Embedding(8, 4), nn.Linear(4, 7)

            def forward(self, a, b):
                return self.head(self.embed(a) + self.embed(b))

        model = gl.hooked(Twice(), inputs=lambda tokens: (tokens[:, 0], tokens[:, 1]))
        _, cache = model.run_with_cache(T7.inputs)
        assert set(cache) == {"head", "head.hook_input"}
        with pytest.raises(BadArgument, match="'embed' is passed more than once"):
            gl.Snapshot(model, T7).activations("embed")

    def test_a_part_that_is_not_passed(self):
        module = Clock()
        module.spare = nn.Linear(2, 2)
        with pytest.raises(UnknownName, match="nothing passes there"):
            gl.Snapshot(gl.hooked(module), T13).activations("spare")
        assert "spare" not in gl.capture(
            gl.Run.of({0: gl.hooked(module)}, T13), lambda name: "hook" not in name
        )

    def test_what_is_written_over_was_kept_before(self):
        net = nn.Sequential(nn.Embedding(8, 4), nn.Flatten(), nn.Linear(12, 7), nn.ReLU(inplace=True))
        _, cache = gl.hooked(net).run_with_cache(T7.inputs)
        assert (cache["2"] < 0).any()


class TestTheModuleIsLeftAsItIs:
    @pytest.mark.parametrize("fails", [False, True])
    def test_after_all_of_it(self, fails, tmp_path):
        torch.manual_seed(0)
        module = TorchTransformer()
        module(T7.inputs).sum().backward()
        module.encoder.layers[0].eval()
        before, generators = state(module), drawn()
        model = gl.hooked(module, encoder_names())

        def edit(value, hook):
            if fails:
                raise RuntimeError("mine")
            return value + 1

        with gl.Recorder(model, T7, into=tmp_path / "run"):
            snapshot = gl.Snapshot(model, T7)
            snapshot.activations(POST)
            gl.capture(gl.Run.of({0: model}, T7), POST)
            gl.interventions.resample(snapshot, POST).logits  # noqa: B018
        assert drawn() == generators
        try:
            model.run_with_hooks(T7.inputs, fwd_hooks=[(POST, edit)])
        except RuntimeError:
            assert fails
        assert_same(before, state(module))

    def test_its_parameters_are_shared_and_learn(self):
        module = Clock()
        model = gl.hooked(module, CLOCK_NAMES)
        assert [id(p) for p in model.parameters()] == [id(p) for p in module.parameters()]
        model(T13.inputs).sum().backward()
        assert module.head.weight.grad.any()
        with torch.no_grad():
            module.head.weight.zero_()
        assert not model.W_U.any()

    def test_copies_are_their_own(self):
        model = gl.hooked(Clock(), CLOCK_NAMES)
        twin = real_copy(model, T13.inputs, 13)
        with torch.no_grad():
            twin.model.head.weight.zero_()
        assert not twin.W_U.any()
        assert model.W_U.any()
        again = pickle.loads(pickle.dumps(model))
        assert torch.equal(again(T13.inputs), model(T13.inputs))
        assert list(again.hook_dict) == list(model.hook_dict)

    def test_the_quick_pass_is_never_taken(self):
        assert not quick_applies(gl.hooked(gl.MLP().build(T7, seed=0)))
        assert not quick_applies(gl.hooked(Clock(), answer=lambda output: output))


class TestRecording:
    def test_checkpoints_are_the_modules_own(self, tmp_path):
        torch.manual_seed(0)
        module = TorchTransformer(layers=1)
        index = T7.split(0.5, seed=0)[0]
        model = gl.hooked(module, encoder_names(1))
        optimizer = torch.optim.AdamW(module.parameters(), lr=1e-2)
        with gl.Recorder(model, T7, into=tmp_path / "run", train_index=index, keep=gl.Every(5)) as recorder:
            for step in range(1, 11):
                loss = F.cross_entropy(module(T7.inputs[index])[:, -1, :7], T7.labels[index])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                recorder.step(step)
        assert recorder.run.model == {"kind": "TorchTransformer", "hooked": True}
        run = gl.load(tmp_path / "run", model=gl.hooked(TorchTransformer(layers=1), encoder_names(1)))
        assert run.steps == [0, 5, 10]
        assert {**run.final.model.state_dict()}.keys() == module.state_dict().keys()
        assert torch.allclose(run.final.logits, gl.Snapshot(model, T7).logits)
        assert gl.capture(run, POST, pos=-1)[POST].dims == ("step", "input", "neuron")
        assert gl.views.attention(run, [(3, 5)]).body
        with pytest.raises(BadArgument, match=r"model=gl.hooked\(TorchTransformer\(...\)\)"):
            gl.load(tmp_path / "run").final  # noqa: B018
        with pytest.raises(BadArgument, match=r"model=gl.hooked\(MyModel\(...\)\)"):
            gl.load(tmp_path / "run", model=TorchTransformer(layers=1))


MISTAKES = {
    "no module": (lambda: gl.hooked("model"), r"module is 'model'; give a torch.nn.Module"),
    "a class": (lambda: gl.hooked(Clock), "the class Clock"),
    "hooked already": (lambda: gl.hooked(gl.hooked(Clock())), "HookedModule"),
    "a path misspelt": (
        lambda: gl.hooked(Clock(), {"mixd": POST}),
        "did you mean 'mixed'.* It has 'embedding'",
    ),
    "the other way round": (
        lambda: gl.hooked(Clock(), {POST: "mixed"}),
        r"\{'mixed': 'blocks.0.mlp.hook_post'\}",
    ),
    "two paths on one name": (
        lambda: gl.hooked(Clock(), {"mixed": POST, "left": POST}),
        "Two paths are given one name, 'blocks.0.mlp.hook_post': 'mixed' and 'left'",
    ),
    "two weights on one name": (
        lambda: gl.hooked(Clock(), {"left.weight": "W_U", "head.weight": "W_U"}),
        "Two paths are given one name, 'W_U'",
    ),
    "a part as a weight": (lambda: gl.hooked(Clock(), {"head": "W_U"}), r"names=\{'head.weight': 'W_U'\}"),
    "a weight as a hook": (
        lambda: gl.hooked(Clock(), {"head.weight": POST}),
        "no TransformerLens name of one",
    ),
    "a name that is another's path": (lambda: gl.hooked(Clock(), {"left": "right"}), "path of another part"),
    "a hook misspelt": (
        lambda: gl.hooked(Clock(), {"mixed": "blocks.0.mlp.hook_psot"}),
        r"'blocks.0.mlp.hook_psot', given to 'mixed', .*did you mean 'blocks.0.mlp.hook_post'\?",
    ),
    "a hook in another place": (
        lambda: gl.hooked(Clock(), {"mixed": "block.1.hook_post"}),
        r"did you mean 'blocks.1.mlp.hook_post'\?",
    ),
    "a weight in other letters": (
        lambda: gl.hooked(Clock(), {"head": "w_u"}),
        r"did you mean 'W_U', of a parameter: names=\{'head.weight': 'W_U'\}\?",
    ),
    "a weight misspelt": (
        lambda: gl.hooked(Clock(), {"head.weight": "blocks.1.mlp.W_uot"}),
        r"no TransformerLens name of one; did you mean 'blocks.1.mlp.W_out'",
    ),
    "a weight as a checkpoint has it": (
        lambda: gl.hooked(Clock(), {"head.weight": "unembed.W_U"}),
        r"no TransformerLens name of one; did you mean 'W_U'\?",
    ),
    "an attention layer misspelt": (
        lambda: gl.hooked(
            nn.ModuleDict({"mixer": nn.MultiheadAttention(8, 2)}), {"mixer": "blocks.1.attention"}
        ),
        r"given to 'mixer', is no name of TransformerLens'; did you mean 'blocks.1.attn'\?",
    ),
    "names as a list": (lambda: gl.hooked(Clock(), ["mixed"]), "names is a list of 1"),
    "a name that is none": (lambda: gl.hooked(Clock(), {"mixed": 3}), "'mixed': 3"),
    "inputs that are none": (lambda: gl.hooked(Clock(), inputs=3), "inputs is 3"),
    "answer that is none": (lambda: gl.hooked(Clock(), answer=3), "answer is 3"),
    "attention that is none": (
        lambda: gl.hooked(Clock(), {"left": "blocks.0.attn"}),
        "MultiheadAttention alone",
    ),
    "heads that nobody counts": (
        lambda: gl.hooked(Clock(), {"left.weight": "blocks.0.attn.W_Q"}),
        "give one of them an attribute n_heads",
    ),
    "a plain module": (lambda: gl.Snapshot(Clock(), T13), r"gl\.hooked\(module\)"),
    "a hook that is not there": (
        lambda: gl.Snapshot(gl.hooked(Clock()), T13).activations("mixd"),
        "did you mean 'mixed'",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_says_what_to_type(mistake):
    act, said = MISTAKES[mistake]
    with pytest.raises((BadArgument, UnknownName), match=said):
        act()


def test_what_a_part_receives_goes_by_a_name_too():
    net = torch.nn.Sequential(torch.nn.Embedding(14, 8), torch.nn.Flatten(), torch.nn.Linear(24, 13))
    model = gl.hooked(net, {"2.hook_input": POST})
    _, cache = model.run_with_cache(T13.inputs, names_filter=POST)
    assert torch.equal(cache[POST], net[0](T13.inputs).flatten(1))
    assert '"encoder.linear2.hook_input": "blocks.0.mlp.hook_post"' in gl.hooked.__doc__


def test_a_path_takes_several_names():
    model = gl.hooked(Clock(), {"mixed": [POST, "mine"], "embedding.weight": ("W_E", "W_pos")})
    _, cache = model.run_with_cache(T13.inputs, names_filter=[POST, "mine", "mixed"])
    assert torch.equal(cache["mine"], cache[POST])
    assert torch.equal(model.W_E, model.W_pos)
    assert torch.equal(gl.hooked(Clock(), {"embedding.weight.T": "W_U"}).W_U, model.W_E.T)


def test_heads_of_ones_own_attention():
    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            self.n_heads, self.embed, self.q = 2, nn.Embedding(8, 4), nn.Linear(4, 6)
            self.pattern, self.head = nn.Softmax(dim=-1), nn.Linear(4, 7)

        def forward(self, tokens):
            x = self.embed(tokens)
            q = self.q(x).unflatten(-1, (2, 3)).transpose(1, 2)
            pattern = self.pattern(q @ q.transpose(2, 3))
            return self.head(pattern.mean(dim=1) @ x)

    names = {"q.weight": "blocks.0.attn.W_Q", "pattern": "blocks.0.attn.hook_pattern"}
    module = Own()
    snapshot = gl.Snapshot(gl.hooked(module, names), T7)
    assert snapshot.anatomy.heads[0].count == 2
    assert torch.equal(snapshot.weights["W_Q"][0, 1], module.q.weight[3:].T)
    assert snapshot.activations("blocks.0.attn.hook_pattern").shape == (49, 2, 3, 3)


class Masked(nn.Module):
    """Attention with every kind of mask: a padded key, and a mask for each input and head."""

    def __init__(self, batch_first):
        super().__init__()
        self.batch_first = batch_first
        self.embed, self.head = nn.Embedding(8, 8), nn.Linear(8, 7)
        self.attention = nn.MultiheadAttention(8, 2, kdim=8, vdim=4, batch_first=batch_first, dropout=0.1)

    def forward(self, tokens):
        x = self.embed(tokens)
        masks = {
            "key_padding_mask": tokens == 3,
            "attn_mask": torch.ones(2 * len(tokens), 3, 3).triu(2) * -5.0,
        }
        x = x if self.batch_first else x.transpose(0, 1)
        out, _ = self.attention(x, x, x[..., :4], need_weights=False, **masks)
        return self.head(out if self.batch_first else out.transpose(0, 1))


@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.filterwarnings("ignore:Support for mismatched")
def test_masks_and_keys_of_another_width(batch_first):
    torch.manual_seed(0)
    snapshot = gl.Snapshot(gl.hooked(Masked(batch_first), {"attention": "blocks.0.attn"}), T7)
    pattern = snapshot.activations("attention.hook_pattern")
    assert not pattern[T7.inputs[:, 0] == 3][..., 0].any()
    same = gl.interventions.patch(snapshot, "attention.hook_pattern", pattern)
    assert torch.allclose(same.logits, snapshot.logits, atol=1e-5)
    captured = gl.capture(gl.Run.of({0: snapshot.model}, T7), "attention.hook_pattern", pos=-1)
    assert captured["attention.hook_pattern"].dims == ("step", "input", "head", "key")


def test_attention_that_computes_something_else_is_not_looked_into():
    class Other(nn.MultiheadAttention):
        def forward(self, *args, **options):
            return super().forward(*args, **options)

    net = nn.ModuleDict({"attention": Other(8, 2)})
    with pytest.raises(BadArgument, match=r"known of torch.nn.MultiheadAttention alone"):
        gl.hooked(net, {"attention": "blocks.0.attn"})


OWN = (
    "hook_qk",
    "hook_post_2",
    "mine",
    "mixed_again",
    "hook_embed_left",
    "hook_embed2",
    "blocks.0.mlp.experts.3.hook_post",
    "block",
    "hook_gate",
    "hook_res",
)


@pytest.mark.parametrize("spec", [gl.Transformer(n_layers=2), gl.MLP()], ids=["bridge", "mlp"])
def test_no_hook_of_transformer_lens_is_taken_for_another_misspelt(spec):
    """Nor any name that is somebody's own."""
    hooks = [*spec.build(T7, 0).hook_dict, "blocks.1.cross_attn.hook_pattern", "encoder.0.hook_post"]
    assert len(hooks) >= 5
    assert [name for name in (*hooks, *OWN) if nearest_hook(name)] == []
    assert set(OWN) <= set(gl.hooked(Clock(), {"mixed": OWN}).hook_dict)


def test_nor_is_any_that_only_some_of_its_bridges_have():
    """Such as the sines of a rotary embedding, and queries, keys and values in one."""
    sources = (Path(transformer_lens.__file__).parent / "model_bridge").rglob("*.py")
    named = re.compile(r'self\.(hook_\w+) = HookPoint|"(hook_\w+)": "')
    names = {
        one or other for file in sources for one, other in named.findall(file.read_text(encoding="utf-8"))
    }
    assert {"hook_sin", "hook_qkv", "hook_resid_pre"} <= names
    places = ("", "blocks.0.", "blocks.0.attn.", "blocks.0.mlp.")
    assert [name for name in sorted(names) if all(nearest_hook(place + name) for place in places)] == []


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("hook_embd", "hook_embed"),
        ("blocks.0.hook_embed", "hook_embed"),
        ("hook_resid_post", "blocks.0.hook_resid_post"),
        ("blocks.3.hook_resid_pst", "blocks.3.hook_resid_post"),
        ("blocks.2.attn.hook_patern", "blocks.2.attn.hook_pattern"),
        ("blocks.mlp.hook_pre", "blocks.0.mlp.hook_pre"),
        ("blocks.1.atn.hook_z", "blocks.1.attn.hook_z"),
        ("Blocks.1.mlp.Hook_post", "blocks.1.mlp.hook_post"),
        ("hook_embeds", "hook_embed"),
        ("blocks.0.mlp.hook_post ", "blocks.0.mlp.hook_post"),
        ("blocks.1.ln1.hook_normalised", "blocks.1.ln1.hook_normalized"),
    ],
)
def test_a_misspelt_hook_is_the_nearest_of_transformer_lens(name, meant):
    assert nearest_hook(name) == meant
    assert nearest_hook(meant) is None
