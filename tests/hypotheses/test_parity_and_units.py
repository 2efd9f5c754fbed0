"""Parities, neurons and heads as hypotheses: what was planted is supported, another of equal size is not."""

import pytest
import torch

import groklens as gl
from groklens.errors import BadArgument
from groklens.hypotheses import Heads, Hypothesis, Neurons, Parity
from groklens.tasks import SparseParity

TASK = SparseParity(n=8, k=3, seed=1)
BITS = TASK.hidden
OTHERS = [bit for bit in range(8) if bit not in BITS][:3]


@pytest.fixture(scope="module")
def parity():
    return gl.Snapshot(gl.planted(TASK, BITS, "parity"), TASK)


def verdicts(snapshot, hypothesis, **options):
    return {each.key: each.verdict for each in gl.examine(snapshot, hypothesis, **options)}


def test_the_planted_parity_is_right_and_supported_at_every_site(parity):
    found = verdicts(parity, Parity(BITS))
    assert set(found) == {
        "generalises",
        *(f"{of}.{at}" for of in ("sufficiency", "necessity") for at in ("logits", "neurons")),
    }
    assert set(found.values()) == {"supported"}


@pytest.mark.parametrize("bits", [OTHERS, [*BITS[:2], OTHERS[0]], BITS[:2]])
def test_another_parity_is_refuted(parity, bits):
    found = verdicts(parity, Parity(bits))
    assert found.pop("generalises") == "supported"
    assert set(found.values()) == {"refuted"}


def test_each_planted_neuron_counts():
    """The ramps of the count: without any one of them, or with it alone, the parity is lost."""
    snapshot = gl.Snapshot(gl.planted(TASK, BITS, "parity"), TASK)
    every = verdicts(snapshot, Neurons(range(3)))
    assert every["sufficiency.neurons"] == "undecided"  # all are kept, and no other set can be drawn
    one = verdicts(snapshot, Neurons([0]))
    assert one["sufficiency.neurons"] == "refuted"


class Copying(torch.nn.Module):
    """Four heads, of which one attends to the first position and copies its token; the others are noise."""

    def __init__(self, n_tokens=12, copier=2, n_heads=4):
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.embed = torch.nn.Embedding.from_pretrained(torch.eye(n_tokens))
        self.z = torch.nn.Identity()
        mixes = [0.1 * torch.randn(n_tokens, n_tokens, generator=generator) for _ in range(n_heads)]
        mixes[copier] = 4.0 * torch.eye(n_tokens)
        self.W_O = torch.nn.Parameter(torch.stack(mixes))
        self.copier = copier

    def forward(self, tokens):
        embedded = self.embed(tokens)
        averaged = embedded.mean(dim=1, keepdim=True).expand_as(embedded)
        heads = [averaged] * len(self.W_O)
        heads[self.copier] = embedded[:, :1].expand_as(embedded)
        return torch.einsum("iphd,hdv->ipv", self.z(torch.stack(heads, dim=2)), self.W_O)


@pytest.fixture(scope="module")
def copying():
    tokens = torch.cartesian_prod(torch.arange(12), torch.arange(12))
    task = gl.TableTask(tokens, tokens[:, 0], name="the first of two tokens")
    return gl.Snapshot(gl.hooked(Copying(), names={"z": "blocks.0.attn.hook_z"}), task)


def test_a_head_that_copies_is_supported_and_no_other(copying):
    assert verdicts(copying, Heads([(0, 2)])) == {
        "generalises": "supported",
        "sufficiency.heads": "supported",
        "necessity.heads": "supported",
    }
    for head in (0, 1, 3):
        found = verdicts(copying, Heads([(0, head)]))
        assert found["sufficiency.heads"] == found["necessity.heads"] == "refuted"


def test_with_every_head_no_other_set_can_be_drawn(copying):
    found = {each.key: each for each in gl.examine(copying, Heads([(0, head) for head in range(4)]))}
    assert found["sufficiency.heads"].verdict == "undecided"
    assert not found["sufficiency.heads"].controls


def test_a_head_that_another_layer_reads_is_necessary():
    """Head 0.0 writes the first token where head 1.0 reads it: without either, or with one alone, nothing is copied."""

    class Relay(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.embed = torch.nn.Embedding.from_pretrained(torch.eye(12))
            self.z0, self.z1 = torch.nn.Identity(), torch.nn.Identity()

        def forward(self, tokens):
            embedded = self.embed(tokens)
            first, noise = embedded[:, :1].expand_as(embedded), 0.1 * embedded
            passed = self.z0(torch.stack([first, noise], dim=2))
            read = self.z1(torch.stack([passed[:, :, 0], 0.1 * passed[:, :, 1]], dim=2))
            return 10.0 * read[:, :, 0] + read[:, :, 1]

    module = Relay()
    module.cfg = type("Cfg", (), {"n_layers": 2})()
    tokens = torch.cartesian_prod(torch.arange(12), torch.arange(12))
    task = gl.TableTask(tokens, tokens[:, 0], name="the first of two tokens")
    names = {"z0": "blocks.0.attn.hook_z", "z1": "blocks.1.attn.hook_z"}
    snapshot = gl.Snapshot(gl.hooked(module, names=names), task)
    assert snapshot.anatomy.n_layers == 2
    for heads in ([(0, 0)], [(1, 0)]):
        found = {each.key: each for each in gl.examine(snapshot, Heads(heads))}
        assert found["necessity.heads"].value < 0.2
        assert found["necessity.heads"].verdict == "undecided"  # the other one is as necessary
        assert found["sufficiency.heads"].verdict == "refuted"
    assert verdicts(snapshot, Heads([(0, 0), (1, 0)]))["sufficiency.heads"] == "supported"
    assert verdicts(snapshot, Heads([(0, 1), (1, 1)]))["necessity.heads"] == "refuted"


def test_a_hypothesis_is_not_tried_where_it_cannot_be(copying, parity):
    for snapshot, hypothesis, site in (
        (copying, Heads([(0, 2)]), "logits"),
        (parity, Neurons([0]), "logits"),
    ):
        with pytest.raises(BadArgument, match="cannot be tried at the logits"):
            gl.examine(snapshot, hypothesis, sites=site)
    assert len(gl.examine(parity, Parity(BITS), sites=["logits", "logits"])) == 3


def test_heads_are_compared_with_every_other_set_where_there_are_few(copying):
    found = {each.key: each for each in gl.examine(copying, Heads([(0, 0), (0, 1), (0, 2)]))}
    control = found["sufficiency.heads"].control("random_heads")
    assert control.draws == 3  # of the four sets of three, the others
    assert "all 3 there are" in control.name
    assert found["sufficiency.heads"].verdict == "undecided"  # two of the others hold the copier too
    alone = {each.key: each for each in gl.examine(copying, Heads([(0, 2)]))}
    assert alone["sufficiency.heads"].control("random_heads").draws == 3


@pytest.mark.parametrize("seed", range(4))
def test_of_an_untrained_model_no_parity_is_both_sufficient_and_necessary(seed):
    """A random function may lean on a parity, a little, so that it is missed; keeping it alone is another matter."""
    task = SparseParity(n=8, k=2, seed=seed)
    snapshot = gl.Snapshot(gl.MLP(d_mlp=64).build(task, seed=seed), task)
    found = verdicts(snapshot, Parity(task.hidden))
    assert "supported" not in (found["sufficiency.logits"], found["sufficiency.neurons"])


def test_what_is_kept_and_what_is_removed_are_all(parity, copying):
    for snapshot, hypothesis, site in (
        (parity, Parity(BITS), "logits"),
        (parity, Parity(BITS), "neurons"),
        (parity, Neurons([0, 2]), "neurons"),
        (copying, Heads([(0, 2)]), "heads"),
    ):
        from groklens.hypotheses import constant_at, values_at

        values = values_at(snapshot, site)
        part = hypothesis.part(values, site, snapshot)
        rest = values - part
        torch.testing.assert_close(
            hypothesis.part(rest, site, snapshot), torch.zeros_like(part), atol=1e-4, rtol=0
        )
        torch.testing.assert_close(hypothesis.part(part, site, snapshot), part, atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(part.mean(dim=0), torch.zeros_like(part[0]), atol=1e-4, rtol=0)
        assert constant_at(site, snapshot).shape in (values.shape, values.shape[1:])


def test_they_are_hypotheses_and_interventions_take_them(parity, copying):
    for hypothesis in (Parity(BITS), Neurons([0]), Heads([(0, 2)]), gl.Circuit("C13", [2])):
        assert isinstance(hypothesis, Hypothesis)
    kept = gl.interventions.keep(parity, Parity(BITS), at="neurons")
    assert gl.measures.all_accuracy(kept) == 1.0
    without = gl.interventions.remove(copying, Heads([(0, 2)]), at="heads")
    assert gl.measures.all_accuracy(without) < 0.3
    half = gl.interventions.remove(copying, Heads([(0, 2)]), at="heads", amount=0.5)
    assert gl.measures.all_accuracy(half) == 1.0


def test_a_circuit_is_tried_at_further_sites():
    task = gl.ModularArithmetic(11)
    model = gl.Transformer(d_model=16, n_heads=2, d_head=8, d_mlp=32).build(task, seed=0)
    keys = verdicts(gl.Snapshot(model, task), [1, 2], sites=("residual", "heads"))
    assert {"sufficiency.residual", "necessity.heads", "sufficiency.logits"} <= set(keys)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Parity([]), "at least one position"),
        (lambda: Parity([1, 1]), "each once"),
        (lambda: Parity("12"), "positions of the input"),
        (lambda: Neurons([]), "at least one"),
        (lambda: Neurons([0, 0]), "each once"),
        (lambda: Heads([3]), r"pairs \(layer, head\)"),
        (lambda: Heads([(0, 1), (0, 1)]), "name each head once"),
        (lambda: Parity([9]).signs(TASK), "positions 0 to 7"),
        (lambda: Parity([0]).signs(gl.ModularArithmetic(5)), "5 different tokens; a bit has two"),
    ],
)
def test_what_is_no_hypothesis(make, words):
    with pytest.raises(BadArgument, match=words):
        make()


def test_what_does_not_fit_the_model(parity, copying):
    with pytest.raises(BadArgument, match="no neuron 7; the model has 0 to 2"):
        gl.examine(parity, Neurons([7]))
    with pytest.raises(BadArgument, match="its heads"):
        gl.examine(parity, Heads([(0, 0)]))
    with pytest.raises(BadArgument, match="no head 4"):
        gl.examine(copying, Heads([(0, 4)]))
    with pytest.raises(BadArgument, match="choose 'logits'"):
        gl.examine(parity, Parity(BITS), sites=["logit"])


def test_a_parity_learned_on_line_is_found_by_its_bits(tmp_path):
    task = SparseParity(n=6, k=2, seed=0)
    recipe = gl.Recipe(
        task=task, model=gl.MLP(d_mlp=32, d_embed=None, combine="concat"), batch_size=64, steps=600,
        optimizer=gl.AdamW(lr=1e-2, weight_decay=0.0),
    )  # fmt: skip
    run = gl.train(recipe, into=tmp_path / "run", progress=False)
    found = verdicts(run, Parity(task.hidden))
    assert found["generalises"] == found["sufficiency.logits"] == found["necessity.logits"] == "supported"
    wrong = [bit for bit in range(6) if bit not in task.hidden][:2]
    assert verdicts(run, Parity(wrong))["sufficiency.logits"] == "refuted"


def test_heads_go_by_the_names_that_tables_have():
    assert gl.hypotheses.Heads(["0.3", "1.0"]) == gl.hypotheses.Heads([(0, 3), (1, 0)])
    assert gl.hypotheses.Heads("0.3") == gl.hypotheses.Heads([(0, 3)])
    for wrong in (["a"], ["1"], ["1.x"], ["0.1", (0, 1)]):
        with pytest.raises(BadArgument):
            gl.hypotheses.Heads(wrong)
