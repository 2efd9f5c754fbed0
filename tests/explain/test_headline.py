"""The headline says what the findings say, and names what they leave open."""

from types import SimpleNamespace

import pytest
import torch
from transformer_lens.HookedRootModule import HookedRootModule

import groklens as gl
from groklens.claims import percent, verdict_of
from groklens.explain.headline import headline

TASK = gl.ModularArithmetic(13, "add")
TRAIN, TEST = TASK.split(0.5, seed=0)
KEYS = ("sufficiency.logits", "sufficiency.neurons", "necessity.logits", "necessity.readout")


def explained(verdicts, components=(2, 5), algorithm="clock"):
    """An explanation of a model that generalises, with these verdicts on what counts."""
    asked = zip(KEYS, verdicts, strict=True)
    findings = [gl.Finding("correct", 1.0, "accuracy", "supported", key="generalises")]
    findings += [gl.Finding("claim", 1.0, "accuracy", each, key=key) for key, each in asked]
    circuit = gl.Circuit("C13", components)
    return SimpleNamespace(
        run="mine", task="a+b mod 13", generalised=True, algorithm=algorithm, circuit=circuit, findings=findings,
        verdict=verdict_of(findings, circuit.is_everything), source=SimpleNamespace(finished=True),
        final=gl.Snapshot(gl.planted(TASK, [2, 5]), TASK, train_index=TRAIN),
    )  # fmt: skip


def test_all_supported_is_said_without_more():
    assert headline(explained(["supported"] * 4)) == (
        "mine (a+b mod 13) generalises by a clock-like circuit on frequencies 2, 5 of C13: supported."
    )


@pytest.mark.parametrize(
    ("undecided", "named"),
    [
        ((0,), "as sufficiency at the logits is undecided"),
        ((1,), "as sufficiency of the per-neuron fits is undecided"),
        ((0, 3), "as sufficiency at the logits and necessity at the read-out are undecided"),
    ],
)
def test_what_is_undecided_makes_it_in_part_and_is_named(undecided, named):
    verdicts = ["undecided" if place in undecided else "supported" for place in range(4)]
    assert headline(explained(verdicts)).endswith(f": supported in part, {named}.")


def test_what_is_refuted_is_named():
    said = headline(explained(["supported", "refuted", "supported", "supported"]))
    assert said.endswith(": undecided, as sufficiency of the per-neuron fits is refuted.")


def test_a_question_supported_nowhere_is_named():
    said = headline(explained(["undecided", "undecided", "supported", "supported"]))
    assert said.endswith(
        ": undecided, as sufficiency at the logits and sufficiency of the per-neuron fits are undecided."
    )


def test_every_component_is_no_circuit():
    said = headline(explained(["supported"] * 4, range(1, 7)))
    assert said.endswith(
        "generalises by every component of C13, so that no circuit can be told from the whole: undecided."
    )


def test_neither_clock_nor_pizza_is_a_circuit():
    assert "by a circuit on frequencies 2, 5" in headline(explained(["supported"] * 4, algorithm="irreps"))


def lookup(task, index):
    """A model that knows these inputs by heart, and answers the class 0 to all others."""
    model = gl.planted(task, algorithm="lookup")
    others = torch.ones(len(task.labels), dtype=torch.bool)
    others[index] = False
    with torch.no_grad():
        model.W_U[others] = 0.0
    return model


EVERY = torch.arange(len(TASK.labels))
RANDOM = gl.RandomTable(11, seed=0)
#: The same labels, of which nobody says that they are random.
TABLE = gl.TableTask(RANDOM.inputs, RANDOM.labels)


@pytest.mark.parametrize(
    ("snapshot", "said"),
    [
        (
            lambda: gl.Snapshot(lookup(TASK, TRAIN), TASK, train_index=TRAIN),
            "has memorised its train inputs and is correct on ",
        ),
        (
            lambda: gl.Snapshot(lookup(TASK, TRAIN[:40]), TASK, train_index=TRAIN),
            "has not memorised its train inputs and is correct on ",
        ),
        (lambda: gl.Snapshot(lookup(TASK, TRAIN), TASK), "which of them it was trained on is not known"),
        (
            lambda: gl.Snapshot(lookup(TASK, EVERY), TASK),
            "is correct on 100 % of all inputs, its split not known; how it computes is undecided, as no circuit "
            "survives its controls",
        ),
        (
            lambda: gl.Snapshot(lookup(TASK, EVERY), TASK, train_index=EVERY),
            "was trained on every input and is correct on 100 % of them: that it generalises is undecided.",
        ),
        (
            lambda: gl.Snapshot(lookup(TASK, EVERY), TASK, train_share=1.0),
            "was trained on every input and is correct on 100 % of them: that it generalises is undecided.",
        ),
        (
            lambda: gl.Snapshot(lookup(TASK, TRAIN), TASK, train_share=0.9),
            "of all inputs, too few to have memorised those that it was trained on; that it generalises by a circuit",
        ),
        (
            lambda: gl.Snapshot(lookup(TABLE, torch.arange(121)), TABLE, train_index=torch.arange(60)),
            "is correct on 100 % of test inputs, if the split given is its own: it does not show in its losses, as it "
            "would not had it been trained on all inputs; how it computes is undecided, as its task has no group",
        ),
        (
            lambda: gl.Snapshot(lookup(RANDOM, torch.arange(121)), RANDOM),
            "which of them it was trained on is not known",
        ),
    ],
)
def test_what_a_model_by_heart_is_said_to_have_learned(snapshot, said):
    why = gl.explain(snapshot())
    assert said in why.headline
    assert why.headline.count(why.verdict) >= 1
    assert why.generalised == (
        "its split not known; how" in why.headline or "if the split given" in why.headline
    )


@pytest.mark.parametrize(("known", "fitted"), [(115, "fits its train inputs and "), (30, "")])
def test_without_a_group_no_circuit_is_refuted_and_the_accuracy_is_said(known, fitted):
    """Most of what is asked may be answered: no finding says that such a model only memorised."""
    why = gl.explain(gl.Snapshot(lookup(TABLE, torch.arange(known)), TABLE, train_index=torch.arange(60)))
    score = percent(why.finding("generalises").value)
    assert why.headline.endswith(
        f") {fitted}is correct on {score} of test inputs, short of the 99 % that count as generalising; "
        "a circuit is not asked for, as its task has no group."
    )


def test_one_answer_for_all_is_no_rule():
    task = gl.TableTask(TASK.inputs, torch.zeros(169, dtype=torch.long), d_vocab_out=3)
    why = gl.explain(gl.Snapshot(gl.planted(task, algorithm="lookup"), task, train_index=TRAIN))
    assert (why.generalised, why.verdict) == (False, "undecided")
    assert "as is always giving one answer" in why.headline


def test_what_a_model_that_has_learned_nothing_answers_too_is_no_rule():
    """Of two test inputs one answers both by luck; its shuffled copy does too."""
    task = gl.TableTask([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0], name="xor")
    why = gl.explain(gl.MLP(d_mlp=16).build(task, seed=0), task, train_index=[0, 1])
    found = why.finding("generalises")
    assert (found.value, found.control("untrained").high) == (1.0, 1.0)
    assert (found.verdict, why.generalised, why.algorithm, why.verdict) == (
        "undecided",
        False,
        *["undecided"] * 2,
    )
    said = "is correct on 100 % of 2 test inputs, too few to tell from luck: whether it generalises is undecided."
    assert said in why.headline


def test_no_circuit_is_found_in_what_a_model_that_has_learned_nothing_answers_too(monkeypatch):
    """The copy whose weights are shuffled is here a model as good as the one that is looked at."""
    snapshot = gl.Snapshot(gl.planted(TASK, [2, 5]), TASK, train_index=TRAIN)
    assert gl.explain(snapshot).circuit == gl.Circuit("C13", [2, 5])
    monkeypatch.setattr("groklens.evidence.untrained.with_weights_shuffled", lambda model: model)
    why = gl.explain(snapshot)
    assert (why.generalised, why.circuit, why.algorithm, why.verdict) == (
        False,
        None,
        "undecided",
        "undecided",
    )
    assert "weights shuffled does as well" in why.finding("circuit").note
    assert (
        "test inputs, as is the control, weights shuffled: that it generalises is undecided" in why.headline
    )


def test_labels_that_do_not_follow_the_group_named_are_said_not_to():
    order = torch.randperm(13, generator=torch.Generator().manual_seed(0))
    task = gl.TableTask(TASK.inputs, order[TASK.labels], "C13")
    why = gl.explain(gl.Snapshot(gl.planted(task, algorithm="lookup"), task, train_index=TRAIN))
    assert "labels are not the products of C13" in why.finding("circuit").note


class Unnamed(HookedRootModule):
    """A model whose weights have no name that TransformerLens gives."""

    def __init__(self):
        super().__init__()
        self.cfg = SimpleNamespace()
        self.table = torch.nn.Embedding(14, 13)
        self.setup()

    def forward(self, tokens):
        return self.table(tokens[:, 0]) + self.table(tokens[:, 1])


def test_a_model_whose_weights_have_other_names_is_explained_without_what_needs_them():
    why = gl.explain(Unnamed(), TASK, train_index=TRAIN)
    assert "embedding_spectrum" not in why.table
    assert "of test inputs, short of the 99 %" in why.headline


def test_wrong_labels_known_by_heart_are_memorised_whatever_the_share():
    task = gl.Corrupted(TASK, 0.5, seed=0)
    table = gl.TableTask(task.inputs, task.targets, "C13")
    why = gl.explain(gl.Snapshot(gl.planted(table, algorithm="lookup"), task, train_share=0.9))
    assert (why.algorithm, why.verdict) == ("undecided", "undecided")


def test_a_split_that_is_turned_round():
    """Nothing is learned better where it was not seen."""
    with pytest.warns(UserWarning, match="train accuracy .* is below test accuracy 100 %"):
        why = gl.explain(gl.Snapshot(lookup(TASK, TEST), TASK, train_index=TRAIN))
    assert "the split given may not be the model's: train accuracy" in why.headline
    assert why.algorithm == "undecided"
    assert why.generalised is not True


def test_one_answer_for_all_train_inputs_is_not_by_heart():
    """Two rare labels, both of them test inputs: who always gives the common answer has learned no train input."""
    labels = torch.zeros_like(TASK.labels).index_fill_(0, TEST[:2], 1)
    task = gl.TableTask(TASK.inputs, labels, name="rare")
    why = gl.explain(gl.Snapshot(lookup(task, labels.eq(0).nonzero()[:, 0]), task, train_index=TRAIN))
    assert why.algorithm == "memorised"  # by a threshold
    assert "(rare) fits its train inputs and is correct on 97.6 % of test inputs" in why.headline


@pytest.mark.parametrize(("known", "what"), [(0, "has memorised"), (60, "fits")])
def test_that_inputs_were_memorised_is_said_where_others_are_answered_no_better_than_blindly(known, what):
    """Whatever the accuracy that is short of generalising, the name of the algorithm is the same."""
    test = torch.tensor([i for i in EVERY.tolist() if i not in TRAIN.tolist()])
    own = torch.cat([TRAIN, test[:known]])
    why = gl.explain(gl.Snapshot(lookup(TASK, own), TASK, train_index=TRAIN))
    assert f" {what} its train inputs and is correct on " in why.headline
    assert why.algorithm == "memorised"
