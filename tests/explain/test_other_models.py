"""Models as others bring them: weights by other names, classes outside the task's, splits that a user knows."""

import dataclasses
from types import SimpleNamespace

import pytest
import torch
from transformer_lens.HookedRootModule import HookedRootModule

import groklens as gl
from groklens.claims import by_key
from groklens.errors import BadArgument, GroklensError

T13 = gl.ModularArithmetic(13, "add")


class Inside(HookedRootModule):
    """A net inside: its hooks are `net.blocks.0.mlp.hook_post`, its weights `net.W_E`."""

    def __init__(self, net, **cfg):
        super().__init__()
        self.cfg, self.net = SimpleNamespace(**cfg), net
        self.setup()

    def forward(self, tokens):
        return self.net(tokens)


class TestWithoutWeightNames:
    @pytest.mark.parametrize("cfg", [{}, {"n_layers": None}, {"n_layers": 3, "d_mlp": None}])
    def test_a_circuit_is_found_by_the_logits_alone(self, cfg):
        why = gl.explain(Inside(gl.planted(T13, [3, 5]), **cfg), T13)
        assert why.circuit == gl.Circuit("C13", [3, 5])
        assert why.verdict == "supported"
        assert why.headline.endswith("supported in part, as sufficiency of the per-neuron fits is undecided.")
        found = by_key(why.findings)
        for key in ("sufficiency.logits", "necessity.logits", "necessity.readout", "logits.key"):
            assert found[key].verdict == "supported"
        for key in ("neurons.show", "sufficiency.neurons"):
            assert (found[key].verdict, found[key].value) == ("undecided", None)
            assert "were not looked at" in found[key].note
            assert "mlp.hook_post'" in found[key].note
            assert "no W_E" in found[key].note
        assert "'net.blocks.0.mlp.hook_post'" in found["neurons.show"].note
        assert "no MLP" not in str(why)
        assert why.to_html()

    def test_an_odd_W_E_is_none(self):
        model = Inside(gl.planted(T13, [3, 5]))
        model.W_E = torch.nn.Parameter(torch.randn(3, 4))  # not a row a token
        assert gl.find_circuit(gl.Snapshot(model, T13)) == gl.Circuit("C13", [3, 5])
        assert "W_E" not in gl.Snapshot(model, T13).weights

    def test_a_model_with_names_is_asked_as_ever(self):
        why = gl.explain(gl.planted(T13, [3, 5]), T13)
        assert why.finding("sufficiency.neurons").verdict == "supported"
        assert why.headline.endswith("supported.")

    @pytest.mark.parametrize("n", [5, 7, 13])
    def test_a_lookup_table_has_no_circuit(self, n):
        task = gl.ModularArithmetic(n, "add")
        why = gl.explain(Inside(gl.planted(task, algorithm="lookup")), task)
        assert (why.circuit, why.algorithm, why.verdict) == (None, "undecided", "undecided")

    @pytest.mark.parametrize("seed", range(3))
    def test_a_random_table_has_no_circuit(self, seed):
        table = gl.RandomTable(13, seed=seed)
        task = gl.TableTask(table.inputs, table.labels, group="C13")
        why = gl.explain(Inside(gl.planted(task, algorithm="lookup")), task)
        assert (why.circuit, why.verdict) == (None, "undecided")

    def test_a_noisy_lookup_has_no_circuit(self):
        """Noise that takes a component below the threshold leaves no proper circuit behind."""
        model = gl.planted(T13, algorithm="lookup")
        generator = torch.Generator().manual_seed(0)
        with torch.no_grad():
            model.W_U.add_(torch.randn(model.W_U.shape, generator=generator) * 5)
        assert gl.find_circuit(gl.Snapshot(Inside(model), T13)) is None

    def test_every_measure_and_intervention_answers_or_says_why_not(self):
        snapshot, circuit = gl.Snapshot(Inside(gl.planted(T13, [3, 5])), T13), gl.Circuit("C13", [3, 5])
        asked = [each for each in gl.measures.ALL if each.__name__ != "llc"]  # it walks for seconds
        asked += [
            lambda s, c, at=at: gl.interventions.keep(s, c, at=at).logits for at in ("logits", "neurons")
        ]
        asked += [lambda s, c: gl.interventions.ablate(s, [0]), gl.interventions.edges, gl.examine]
        said = []
        for ask in asked:
            try:
                ask(snapshot, circuit)
            except GroklensError as error:
                said.append(str(error))
        assert 5 < len(said) < len(asked) - 8
        assert not [line for line in said if "\n" in line or "no MLP," in line]


class Operator(HookedRootModule):
    """Correct among the task's classes; on some inputs a further class has the largest logit."""

    def __init__(self, inner, task, where, extra=2):
        super().__init__()
        self.cfg, self.blocks, self.hook_embed, self.W_E = (
            inner.cfg,
            inner.blocks,
            inner.hook_embed,
            inner.W_E,
        )
        self.inner = inner
        self.n, self.extra = task.d_vocab_out, extra
        self.operator = torch.nn.Parameter(torch.full((self.n, self.n), -1e3))
        with torch.no_grad():
            self.operator[tuple(task.inputs[where, :2].T)] = 1e3
        self.setup()

    @property
    def W_U(self):
        return self.inner.W_U

    def forward(self, tokens):
        own = self.inner(tokens)
        more = self.operator[tokens[:, 0], tokens[:, 1]][:, None, None].expand(-1, own.shape[1], self.extra)
        return torch.cat([own, more], dim=2)


class TestClassesOutsideTheTasks:
    @pytest.fixture
    def wrong(self):
        return torch.arange(0, 169, 4)  # a quarter of all inputs

    def test_every_accuracy_counts_them_as_wrong(self, wrong):
        index = T13.split(0.5, 0)[0]
        snapshot = gl.Snapshot(Operator(gl.planted(T13, [3, 5]), T13, wrong), T13, train_index=index)
        right = torch.ones(169)
        right[wrong] = 0
        assert torch.equal(torch.nonzero(snapshot.outside)[:, 0], wrong)
        assert gl.measures.all_accuracy(snapshot) == pytest.approx(float(right.mean()))
        assert gl.measures.train_accuracy(snapshot) == pytest.approx(float(right[index].mean()))
        assert gl.measures.test_accuracy(snapshot) == pytest.approx(float(right[snapshot.test_index].mean()))
        assert gl.measures.loss(snapshot) < 1e-3  # over the task's classes
        found = {finding.key: finding for finding in gl.examine(snapshot, [3, 5])}
        assert found["generalises"].verdict == "refuted"
        for key in ("sufficiency.logits", "sufficiency.neurons"):
            assert found[key].value <= float(right.mean()) + 1e-9
        edited = gl.interventions.keep(snapshot, [3, 5])
        assert torch.equal(edited.outside, snapshot.outside)

    def test_the_share_is_a_finding_beside_the_others(self, wrong):
        why = gl.explain(Operator(gl.planted(T13, [3, 5]), T13, wrong), T13)
        found = why.finding("answers.outside")
        assert found.value == pytest.approx(len(wrong) / 169)
        assert (found.role, found.verdict) == ("aside", "supported")
        assert "100 % would be correct" in found.note
        assert why.circuit is None

    def test_there_is_none_where_none_is_larger(self):
        model = Operator(gl.planted(T13, [3, 5]), T13, torch.zeros(0, dtype=torch.long))
        why = gl.explain(model, T13)
        assert "answers.outside" not in by_key(why.findings)
        assert why.circuit == gl.Circuit("C13", [3, 5])

    @pytest.mark.parametrize("normalization", [None, "LN"])
    def test_quick_and_plain_pass_agree(self, normalization):
        """Operators' and padding's classes: the quick pass adds columns, which are no classes."""
        spec = gl.Transformer(
            n_layers=1, d_model=16, n_heads=2, d_head=8, d_mlp=16, normalization=normalization
        )
        wide = gl.TableTask(T13.inputs, T13.labels, d_vocab=16, d_vocab_out=15)
        model = spec.build(wide, seed=2 if normalization is None else 0)
        quick = gl.Snapshot(model, T13)
        plain = quick.with_model(
            SimpleNamespace(
                cfg=model.cfg,
                state_dict=model.state_dict,
                run_with_cache=model.run_with_cache,
                modules=model.modules,
            )
        )
        assert 0 < int(quick.outside.sum()) < 169
        assert torch.equal(quick.outside, plain.outside)
        with torch.no_grad():
            assert torch.equal(quick.outside, model(T13.inputs)[:, -1].argmax(dim=1) >= 13)


class TestTheSplitThatAUserKnows:
    @pytest.fixture
    def snapshot(self):
        return gl.Snapshot(gl.planted(T13, [3, 5]), T13)

    def test_is_honoured_beside_a_snapshot_and_a_run(self, snapshot, tmp_path):
        index = T13.split(0.4, 0)[0]
        for given in (snapshot, gl.explain(snapshot).source):
            why = gl.explain(given, train_index=index)
            assert why.finding("generalises").claim == "the model is correct on test inputs"
            assert why.final.train_index.tolist() == index.tolist()
            assert "its split not known" not in why.headline

    def test_beside_a_path_that_knows_it(self, tmp_path):
        recipe = gl.Recipe(task=T13, model=gl.MLP(d_mlp=8, d_embed=8), steps=2, keep=gl.Every(1))
        run = gl.train(recipe, into=tmp_path / "run")
        own = run.train_index
        assert gl.explain(run.path, train_index=own).final.train_index.tolist() == own.tolist()
        with pytest.raises(BadArgument, match="leave train_index= out"):
            gl.explain(run.path, train_index=[0, 1, 2])
        with pytest.raises(BadArgument, match="leave train_index= out"):
            gl.explain(run.final, train_index=[0, 1, 2])

    def test_what_is_no_split_says_so(self, snapshot):
        with pytest.raises(BadArgument, match="inputs 0 to 168"):
            gl.explain(snapshot, train_index=[999])


def test_a_squared_error_is_never_called_nats(tmp_path):
    recipe = gl.Recipe(task=T13, model=gl.MLP(d_mlp=8, d_embed=8), steps=4, evaluate_every=1, loss="mse")
    run = gl.train(recipe, into=tmp_path / "run")
    assert run.history["train_loss"].attrs["units"] == "squared error"
    figure = gl.views.curves(run)
    titles = str(figure.figure.to_plotly_json() if hasattr(figure, "figure") else figure)
    assert "nats" not in titles


def test_findings_of_a_run_keep_their_fields():
    finding = gl.explain(gl.planted(T13, [3, 5]), T13).finding("generalises")
    assert {field.name for field in dataclasses.fields(finding)} >= {
        "key",
        "role",
        "value",
        "units",
        "verdict",
    }
