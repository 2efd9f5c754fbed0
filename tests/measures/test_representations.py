"""The measures of Chughtai et al. equal their published definitions: QR of directions of length n², no shortcuts."""

import math

import numpy as np
import pytest
import torch

import groklens as gl
from groklens import measures
from groklens.errors import BadArgument
from groklens.groups import FiniteGroup, group_named
from groklens.groups.permutations import permutations_of
from groklens.measures.operands import operand_means

EXACT = {"rel": 1e-6, "abs": 1e-9}
KEYS = {"S3": ["standard"], "D5": ["sign", "freq_2"], "C7": [1, 3]}
KINDS = ("embedded", "one-hot", "summed", "transformer")


def turned(angle):
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([[cos, -sin], [sin, cos]])


def hand_made_irreps(name):
    """Matrices (element, d, d) of every non-trivial irrep, from textbook forms and nothing of the library."""
    if name == "C7":
        return {k: np.array([turned(2 * np.pi * k * x / 7) for x in range(7)]) for k in (1, 2, 3)}
    if name == "D5":
        flip = np.diag([1.0, -1.0])
        planes = {
            f"freq_{k}": np.array(
                [
                    turned(2 * np.pi * k * turn / 5) @ np.linalg.matrix_power(flip, s)
                    for s in (0, 1)
                    for turn in range(5)
                ]
            )
            for k in (1, 2)
        }
        return {"sign": np.repeat([1.0, -1.0], 5).reshape(10, 1, 1)} | planes
    # left factor first: row vectors, e_i P = e_p[i]
    matrices = np.array([np.eye(3)[images] for images in permutations_of("S3").numpy()])
    plane = np.array([[1, -1, 0], [1, 1, -2]]) / np.sqrt([[2], [6]])
    signs = np.linalg.det(matrices).reshape(6, 1, 1)
    return {"sign": signs, "standard": plane @ matrices @ plane.T}


def directions(name, matrices):
    flat = matrices.reshape(len(matrices), -1)
    return flat[:, :2] if name.startswith("C") else flat  # a frequency's four entries are two functions


def share(columns, values):
    q = np.linalg.qr(columns)[0]
    return ((q.T @ values) ** 2).sum() / (values**2).sum()


def build(kind, task, seed=1):
    if kind == "transformer":
        return gl.Transformer(d_model=12, n_heads=2, d_head=6, d_mlp=20).build(task, seed=seed)
    model = gl.MLP(
        d_mlp=20,
        d_embed=None if kind == "one-hot" else 9,
        combine="sum" if kind == "summed" else "concat",
    ).build(task, seed=seed)
    with torch.no_grad():
        model.b_in.normal_(generator=torch.Generator().manual_seed(2))
        model.unembed["b_U"].normal_(generator=torch.Generator().manual_seed(3))
    return model


def embeddings_by_hand(kind, model, n):
    if kind == "transformer":
        return [model.W_E[:n].detach().double().numpy()] * 2
    inward = model.W_in.detach().double().numpy()
    first, second = inward[0], inward[-1]
    if kind == "one-hot":
        return [first[:n], second[:n]]
    embedding = model.W_E.detach().double().numpy()[:n]
    return [embedding @ first, embedding @ second]


class Case:
    def __init__(self, name, kind):
        self.name, self.kind = name, kind
        self.task = gl.GroupComposition(name)
        self.train, _ = self.task.split(0.5, seed=0)
        self.model = build(kind, self.task)
        self.snapshot = gl.Snapshot(self.model, self.task, train_index=self.train)
        self.n = n = self.task.group.order
        self.irreps = hand_made_irreps(name)
        self.x, self.y = np.divmod(np.arange(n * n), n)
        self.xy = self.task.labels.numpy()
        self.hidden = self.snapshot.neurons.double().numpy()
        readout = self.snapshot.weights["W_U"].double()
        if kind == "transformer":
            readout = self.snapshot.weights["W_out"][0].double() @ readout
        self.readout = readout.numpy()[:, :n]

    def expected(self, values, index=None):
        return {
            rho: share(directions(self.name, matrices)[slice(None) if index is None else index], values)
            for rho, matrices in self.irreps.items()
        }


@pytest.fixture(scope="module", params=[(g, k) for g in KEYS for k in KINDS], ids="-".join)
def case(request):
    return Case(*request.param)


def as_dict(array):
    return dict(zip(array["component"].values.tolist(), array.values.tolist(), strict=True))


def test_embedding_shares(case):
    x, y = embeddings_by_hand(case.kind, case.model, case.n)
    assert as_dict(measures.x_embed_share(case.snapshot)) == pytest.approx(case.expected(x), **EXACT)
    assert as_dict(measures.y_embed_share(case.snapshot)) == pytest.approx(case.expected(y), **EXACT)


def test_with_the_constants_share_they_are_all_of_it(case):
    for operand, measure in enumerate((measures.x_embed_share, measures.y_embed_share)):
        values = measures.total_embeddings(case.snapshot)[operand]
        constant = len(values) * values.mean(dim=0).square().sum() / values.square().sum()
        assert float(measure(case.snapshot).sum()) + float(constant) == pytest.approx(1, abs=1e-12)


def test_unembedding_shares(case):
    expected = case.expected(case.readout.T)
    assert as_dict(measures.unembed_share(case.snapshot)) == pytest.approx(expected, **EXACT)
    assert sum(expected.values()) <= 1


def test_hidden_shares_are_of_centred_activations(case):
    centred = case.hidden - case.hidden.mean(axis=0)
    for measure, index in (
        (measures.hidden_x_share, case.x),
        (measures.hidden_y_share, case.y),
        (measures.hidden_xy_share, case.xy),
    ):
        assert as_dict(measure(case.snapshot)) == pytest.approx(case.expected(centred, index), **EXACT)


def test_hidden_shares_leave_what_depends_on_both(case):
    # Any two of x, y and x∘y are independent, so their centred functions are orthogonal.
    sides = (measures.hidden_x_share, measures.hidden_y_share, measures.hidden_xy_share)
    assert sum(float(side(case.snapshot).sum()) for side in sides) < 1 + 1e-12


def test_hidden_losses_keep_the_mean_out_and_the_biases_too(case):
    key = KEYS[case.name]
    columns = np.concatenate([directions(case.name, case.irreps[rho])[case.xy] for rho in key], axis=1)
    q = np.linalg.qr(columns)[0]
    kept = q @ (q.T @ case.hidden)
    circuit = gl.Circuit(case.task.group, key)
    for measure, logits, rows in (
        (measures.hidden_restricted_loss, kept @ case.readout, slice(None)),
        (measures.hidden_excluded_loss, (case.hidden - kept) @ case.readout, case.train.numpy()),
    ):
        losses = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(len(logits)), case.xy]
        assert measure(case.snapshot, circuit) == pytest.approx(losses[rows].mean(), **EXACT)


def test_relabelling_the_elements_changes_nothing():
    """S4, whose irreps no automorphism exchanges, with its elements in another order."""
    group, task = group_named("S4"), gl.GroupComposition("S4")
    order = torch.randperm(24, generator=torch.Generator().manual_seed(0))  # element i is now called order[i]
    table = torch.empty_like(group.table)
    table[order[:, None], order] = order[group.table]
    relabelled = gl.GroupComposition(FiniteGroup("S4", table))
    model, moved = build("embedded", task), build("embedded", relabelled)
    state = {name: value.clone() for name, value in model.state_dict().items()}
    for name, axis in (("W_E", 0), ("unembed.W_U", 1), ("unembed.b_U", 0)):
        before = model.state_dict()[name].movedim(axis, 0)
        state[name].movedim(axis, 0)[order] = before[:24]
    moved.load_state_dict(state)
    circuit, train = ["standard", "sign"], torch.arange(100)
    rows = (order[task.inputs[:, 0]] * 24 + order[task.inputs[:, 1]])[train]
    before = gl.Snapshot(model, task, train_index=train)
    after = gl.Snapshot(moved, relabelled, train_index=rows)
    for measure in measures.REPRESENTATIONS:
        one = measure(before, gl.Circuit(group, circuit))
        other = measure(after, gl.Circuit(relabelled.group, circuit))
        np.testing.assert_allclose(np.asarray(other), np.asarray(one), rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("op", ["sub", "div"])
def test_operands_with_tokens_of_their_own_are_found(op):
    """The second operand's rows are its own tokens', listed by the element that enters the product."""
    task = gl.ModularArithmetic(7, op, shared_vocab=False)
    model = gl.MLP(d_mlp=12, d_embed=5, combine="concat").build(task, seed=0)
    n = task.group.order
    _, y = measures.total_embeddings(gl.Snapshot(model, task))
    expected = model.W_E[n : 2 * n].detach().double() @ model.W_in[1].detach().double()
    torch.testing.assert_close(y[task.group.inverses], expected)


class TestKnown:
    TASK = gl.GroupComposition("S4")

    def planted(self, name):
        """Neurons that read x through one irrep, y through nothing, and write that irrep."""
        from groklens.harmonics import components

        basis = components(self.TASK.group)[name].basis.float()
        model = gl.MLP(d_mlp=basis.shape[1], d_embed=None, combine="concat").build(self.TASK, seed=0)
        with torch.no_grad():
            model.W_in.zero_()
            model.W_in[0, :24] = basis
            model.W_U.copy_(basis.T)
        return gl.Snapshot(model, self.TASK)

    @pytest.mark.parametrize("name", ["sign", "standard", "(2,2)"])
    def test_one_irrep_has_all(self, name):
        snapshot = self.planted(name)
        for measure in (measures.x_embed_share, measures.unembed_share):
            found = measure(snapshot)
            assert float(found.sel(component=name)) == pytest.approx(1)
            np.testing.assert_allclose(found.drop_sel(component=name), 0, atol=1e-9)
        assert not measures.y_embed_share(snapshot).any()  # no power: 0, not nan
        assert float(measures.hidden_x_share(snapshot).sum()) == pytest.approx(1)
        np.testing.assert_allclose(measures.hidden_xy_share(snapshot), 0, atol=1e-9)

    def test_an_untrained_model_has_each_by_its_size(self):
        model = gl.MLP(d_mlp=256, d_embed=128, combine="concat").build(self.TASK, seed=0)
        snapshot = gl.Snapshot(model, self.TASK, train_index=torch.arange(200))
        sizes = np.array([1, 9, 9, 4])
        names = ["sign", "standard", "standard_sign", "(2,2)"]
        for measure in (measures.x_embed_share, measures.y_embed_share, measures.unembed_share):
            np.testing.assert_allclose(measure(snapshot).sel(component=names), sizes / 24, atol=0.02)
        assert float(measures.hidden_x_share(snapshot).sum()) > 0.3
        assert float(measures.hidden_xy_share(snapshot).sum()) < 0.03
        circuit = gl.Circuit("S4", ["standard"])
        assert measures.hidden_restricted_loss(snapshot, circuit) == pytest.approx(math.log(24), abs=0.1)
        assert measures.hidden_excluded_loss(snapshot, circuit) == pytest.approx(math.log(24), abs=0.3)

    def test_a_perfect_clock_keeps_its_answer_in_its_neurons(self):
        task = gl.ModularArithmetic(17, "add")
        snapshot = gl.Snapshot(gl.planted(task, [2, 5]), task, train_index=torch.arange(100))
        circuit = gl.Circuit("C17", [2, 5])
        assert measures.hidden_restricted_loss(snapshot, circuit) < 0.1
        assert measures.hidden_excluded_loss(snapshot, circuit) == pytest.approx(math.log(17), abs=1e-3)
        found = measures.hidden_xy_share(snapshot)
        np.testing.assert_allclose(found.drop_sel(component=[2, 5]), 0, atol=1e-9)


class TestRefusals:
    def test_what_a_measure_needs(self):
        task = gl.RandomTable(5)
        snapshot = gl.Snapshot(gl.planted(task, algorithm="lookup"), task)
        with pytest.raises(BadArgument, match="x_embed_share needs a group"):
            measures.x_embed_share(snapshot)
        with pytest.raises(BadArgument, match="hidden_restricted_loss is relative to a circuit"):
            measures.hidden_restricted_loss(snapshot)

    def test_a_model_without_neurons(self):
        task = gl.ModularArithmetic(7, "add")
        model = gl.Transformer(d_model=8, n_heads=1, d_head=8, d_mlp=None).build(task, seed=0)
        with pytest.raises(BadArgument, match="hidden_xy_share needs MLP neurons"):
            measures.hidden_xy_share(gl.Snapshot(model, task))

    def test_inputs_that_are_not_the_whole_table(self):
        symmetry = gl.ModularArithmetic(5, "add").symmetry
        partial = type(symmetry)(symmetry.group, symmetry.elements[:7])
        with pytest.raises(BadArgument, match="operand x between 0 and 5 times"):
            operand_means(torch.zeros(7, 2), partial, 0)
