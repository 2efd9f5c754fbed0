"""A split shows in the losses of a model trained on it, and in no other's; random labels are not generalised to."""

from pathlib import Path

import pytest
import torch

import groklens as gl
from groklens.claims import by_key
from groklens.evidence.beyond_tokens import errors_beyond_tokens, seems_drawn
from groklens.evidence.split_losses import _beyond, _ranks, pairs
from groklens.snapshots import scores

TASK = gl.ModularArithmetic(17, "add")
RANDOM = gl.RandomTable(17, seed=0)
#: The same labels, of which nobody says that they are random.
TABLE = gl.TableTask(RANDOM.inputs, RANDOM.labels, name="mine")
EVERY = torch.arange(289)
MOD23 = Path(__file__).parents[2] / "examples" / "runs" / "mod23"
UNSEEN = "; the split given does not show in its losses."


class Table(torch.nn.Module):
    """Right on every input by as much as `certain` says, which noise of some size changes from input to input."""

    def __init__(self, task, certain, noise=1.0, seed=0):
        super().__init__()
        drawn = torch.randn(len(certain), generator=torch.Generator().manual_seed(seed))
        logits = torch.zeros(len(certain), task.d_vocab_out)
        logits[torch.arange(len(certain)), task.labels] = certain + noise * drawn
        self.table, self.n = torch.nn.Parameter(logits), task.d_vocab_out

    def forward(self, tokens):
        return self.table[tokens[:, 0] * self.n + tokens[:, 1]]


def table(task, index, on_train, on_test, **how):
    certain = torch.full((len(task.labels),), float(on_test))
    certain[index] = on_train
    return gl.hooked(Table(task, certain, **how))


def finding(why):
    return by_key(why.findings).get("split.losses")


@pytest.mark.parametrize("task", [TASK, TABLE])
@pytest.mark.parametrize(
    ("on_train", "on_test", "verdict", "else_"),
    [
        (12, 10, "supported", "test inputs that are harder for another reason, of a split by a rule"),
        (12, 12, "undecided", "a model that was trained on all inputs looks the same"),
        (11.9, 12.5, "refuted", "so looks a split that is turned round"),
    ],
)
def test_who_was_trained_on_what_shows(task, on_train, on_test, verdict, else_):
    index = task.split(0.5, 0)[0]
    why = gl.explain(table(task, index, on_train, on_test), task, train_index=index)
    assert (finding(why).verdict, finding(why).role) == (verdict, "aside")
    assert else_ in finding(why).note
    assert why.generalised
    assert (") generalises" in why.headline) == (verdict == "supported")
    assert ("if the split given is its own: " in why.headline) == (verdict != "supported")
    said = {
        "supported": ") generalises, as it is correct on 100 % of test inputs; how it computes is undecided, as ",
        "undecided": "it does not show in its losses, as it would not had it been trained on all inputs",
        "refuted": "its losses are smaller on these than on train inputs",
    }
    assert said[verdict] in why.headline


def test_a_shipped_run_shows_its_own_split_and_no_other():
    run = gl.load(MOD23)
    own, task = run.final.train_index, run.task
    assert finding(gl.explain(run)) is None  # training wrote its split down
    assert finding(gl.explain(run.final.model, task, train_index=own)).verdict == "supported"
    why = gl.explain(run.final.model, task, train_index=task.split(0.5, 3)[0])
    assert (why.generalised, finding(why).verdict) == (True, "undecided")
    assert why.headline.endswith(UNSEEN)


def test_the_share_of_pairs_is_that_of_all_pairs_counted():
    index = TASK.split(0.3, 0)[0]
    model = table(TASK, index, 3, 2, noise=0)  # many ties
    snapshot = gl.Snapshot(model, TASK, train_index=index)
    train, test = scores(snapshot, "train").losses, scores(snapshot, "test").losses
    larger = (test[:, None] > train).double() + 0.5 * (test[:, None] == train).double()
    assert pairs(snapshot).share == pytest.approx(float(larger.mean()))


def test_a_split_without_a_meaning_shows_about_as_often_as_is_said():
    model = table(TASK, EVERY, 5, 5)
    shown = sum(
        pairs(gl.Snapshot(model, TASK, train_index=TASK.split(0.5, seed)[0])).errors > 2.33
        for seed in range(300)
    )
    assert shown <= 10  # 3 are expected


@pytest.mark.parametrize(
    ("on_test", "verdict", "where"),
    [
        ({50: 11, 100: 12}, "supported", "at step 50, where test inputs came to be answered, "),
        ({50: 12, 100: 11}, "undecided", "at step 50, where test inputs came to be answered, "),
        ({50: -12, 100: 12}, "undecided", ""),
        ({50: -12, 100: 11}, "supported", ""),
    ],
    ids=["it fades", "trained on all, then on its split", "on its split, then on all", "on its split"],
)
def test_a_split_is_judged_where_test_inputs_came_to_be_answered(on_test, verdict, where):
    index = TASK.split(0.5, 0)[0]
    models = {0: table(TASK, index, 0, 0)}
    models |= {step: table(TASK, index, 12, certain) for step, certain in on_test.items()}
    why = gl.explain(gl.Run.of(models, TASK, train_index=index))
    assert (why.generalised, finding(why).verdict) == (True, verdict)
    assert finding(why).note.startswith(where or finding(gl.explain(why.final)).note)
    assert (") generalises" in why.headline) == (verdict == "supported")


@pytest.mark.parametrize(("on_test", "verdict"), [(12, "undecided"), (10, "supported")])
def test_of_wrong_labels_the_right_ones_are_compared(on_test, verdict):
    """A table by heart of all inputs, or of the train inputs, whose wrong labels are answered rightly or are not."""
    task = gl.Corrupted(TASK, 0.2, seed=1)
    index = task.split(0.5, 0)[0]
    model = table(task, index, 12, on_test)
    wrong = index[task.targets[index] != task.labels[index]]
    with torch.no_grad():
        model.table[wrong, task.labels[wrong]] = 0.0
        model.table[wrong, task.targets[wrong]] = 12.0
    why = gl.explain(model, task, train_index=index)
    assert (why.generalised, finding(why).verdict) == (True, verdict)
    assert (") generalises" in why.headline) == (verdict == "supported")


def test_where_every_label_trained_on_is_wrong_no_split_shows():
    task = gl.Corrupted(TASK, 1.0)
    index = task.split(0.5, 0)[0]
    why = gl.explain(table(task, index, 12, 12), task, train_index=index)
    assert (why.generalised, finding(why).verdict, finding(why).value) == (True, "undecided", 0.5)


@pytest.mark.parametrize("accuracy_of_test", [0.5, 1.0])
def test_labels_that_are_random_are_not_generalised_to(accuracy_of_test):
    index = RANDOM.split(0.5, 0)[0]
    certain = torch.where(
        torch.rand(289, generator=torch.Generator().manual_seed(0)) < accuracy_of_test, 12.0, -12.0
    )
    certain[index] = 12.0
    with pytest.warns(UserWarning, match="no label of random table 17 follows from others"):
        why = gl.explain(gl.hooked(Table(RANDOM, certain)), RANDOM, train_index=index)
    assert (why.generalised, why.algorithm, why.verdict) == (False, "undecided", "undecided")
    assert "cannot be judged, as the split given may not be the model's" in why.headline


def test_random_labels_that_are_answered_by_luck_are_not_generalised_to_either():
    """Two test inputs are too few to doubt the split."""
    task = gl.RandomTable(2, seed=0)
    assert len(task.labels[:2].unique()) == 2
    why = gl.explain(table(task, [0, 1, 2, 3], 12, 12), task, train_index=[2, 3])
    assert (why.generalised, why.algorithm, why.verdict) == (False, "undecided", "undecided")
    assert why.headline.endswith(
        "is correct on 100 % of test inputs, and no label of random table 2 follows from others: that it generalises "
        "is undecided."
    )


def test_random_labels_that_are_memorised_leave_no_doubt():
    index = RANDOM.split(0.5, 0)[0]
    why = gl.explain(table(RANDOM, index, 12, -12), RANDOM, train_index=index)
    assert (why.algorithm, by_key(why.findings)["generalises"].verdict) == ("memorised", "refuted")
    assert "split.fits" not in by_key(why.findings)


def learned_whole(task, seed, steps=300, weight_decay=0.1):
    """A small network that was trained on every input of a task."""
    model = gl.MLP(d_mlp=128, d_embed=32).build(task, seed)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2, weight_decay=weight_decay)
    for _ in range(steps):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(task.inputs)[:, -1], task.labels).backward()
        optimizer.step()
    return model


PAIRS = torch.cartesian_prod(torch.arange(13), torch.arange(13))
LARGER = gl.TableTask(PAIRS, PAIRS.amax(1), name="the larger of two")
#: Thirteen by thirteen labels drawn at random, which a task of one's own does not know to be.
MINE = gl.TableTask(PAIRS, gl.RandomTable(13, seed=3).labels, name="mine")


def splits_by_a_rule(task):
    """Seven tenths of a table: the first or last rows or answers, and a split drawn at random."""
    row, label = task.inputs[:, 0], task.labels
    found = {"first rows": row < 9, "last rows": row >= 4, "small": label < label.float().quantile(0.7)}
    found = {name: mask.nonzero()[:, 0] for name, mask in found.items()}
    return {**found, "at random": task.split(0.7, 0)[0]}


@pytest.mark.parametrize("task", [MINE, LARGER], ids=lambda task: task.name)
@pytest.mark.parametrize("rule", splits_by_a_rule(LARGER))
def test_whichever_part_of_a_table_learned_whole_is_given_it_is_not_said_to_generalise(task, rule):
    """Larger answers are harder for whoever learns them: that test inputs have larger losses shows no split."""
    model = learned_whole(task, seed=0)
    why = gl.explain(model, task, train_index=splits_by_a_rule(task)[rule])
    assert why.finding("generalises").value >= 0.99
    assert finding(why).verdict != "supported"
    assert (why.algorithm, why.verdict) == ("undecided", "undecided")
    assert ") is correct on 100 % of test inputs, if the split given is its own: " in why.headline


def test_a_split_by_a_rule_that_is_the_models_own_shows_beside_inputs_of_the_same_tokens():
    """Pairs held out on one side of the diagonal: every token is seen, in as many answers."""
    held_out = (PAIRS[:, 0] > PAIRS[:, 1]) & (PAIRS.sum(1) % 2 == 0)
    index = (~held_out).nonzero()[:, 0]
    why = gl.explain(table(LARGER, index, 12, 9), LARGER, train_index=index)
    assert finding(why).verdict == "supported"
    assert ") is correct on 100 % of 36 test inputs, of which all were trained on with their" in why.headline


def test_phases_are_not_dated_by_a_split_that_does_not_show():
    """A run that learned seven tenths first and the rest later, and two splits of which one is its own."""
    own, other = TASK.split(0.7, 0)[0], TASK.split(0.7, 5)[0]
    models = {0: table(TASK, own, 0, 0), 50: table(TASK, own, 12, -12), 100: table(TASK, own, 12, 11)}
    why = gl.explain(gl.Run.of(models, TASK, train_index=own))
    assert (why.generalised, why.phases[0].name) == (True, "memorisation")
    why = gl.explain(gl.Run.of(models, TASK, train_index=other))
    assert why.phases == []
    assert "by a split that shows in them" in why.to_html()


class ByHeart(torch.nn.Module):
    """Right on every input of a task, with losses in the order of those given."""

    def __init__(self, task, losses):
        super().__init__()
        certain = 12 - losses.argsort().argsort() / len(losses)
        logits = torch.zeros(len(losses), task.d_vocab_out)
        logits[torch.arange(len(losses)), task.labels] = certain
        self.logits = torch.nn.Parameter(logits)
        self.register_buffer("inputs", task.inputs)

    def forward(self, tokens):
        return self.logits[(tokens[:, None] == self.inputs).all(2).int().argmax(1)]


def by_losses(task, losses):
    return gl.hooked(ByHeart(task, losses))


def long_sentences(n, seed):
    """More tokens at all positions than there are inputs, all of which recur."""
    inputs = torch.randint(20, (n, 12), generator=torch.Generator().manual_seed(seed))
    return gl.TableTask(inputs, (inputs == 0).any(1).long(), name="a zero")


def test_inputs_of_many_positions_leave_something_to_compare():
    """What every token of every position adds would be as much as there are inputs."""
    task = long_sentences(150, 0)
    index, test = task.split(0.7, 0)
    losses = torch.rand(150, generator=torch.Generator().manual_seed(1))
    losses[test] += 0.6
    why = gl.explain(by_losses(task, losses), task, train_index=index)
    assert finding(why).verdict == "supported"
    assert why.generalised


@pytest.mark.parametrize("rule", ["last rows", "above the diagonal", "odd sums"])
def test_a_split_by_a_rule_does_not_seem_drawn(rule):
    x, y = PAIRS.unbind(1)
    held = {"last rows": x >= 9, "above the diagonal": y > x, "odd sums": (x + y) % 2 == 1}[rule]
    assert not seems_drawn(gl.Snapshot(table(LARGER, EVERY[:0], 12, 12), LARGER), held)


def drawn_at_random(task, share, draws):
    """Splits of a task drawn at random, as masks of their test inputs."""
    for seed in range(draws):
        yield torch.ones(len(task.labels), dtype=torch.bool).index_fill_(0, task.split(share, seed)[0], False)


def test_one_drawn_at_random_does_and_shows_in_a_model_of_all_inputs_as_seldom_as_is_said():
    snapshot = gl.Snapshot(learned_whole(LARGER, seed=0), LARGER)
    ranks, _ = _ranks(scores(snapshot, "all").losses)
    splits = list(drawn_at_random(LARGER, 0.7, 60))
    assert sum(seems_drawn(snapshot, split) for split in splits) >= 52
    beyond = torch.tensor([errors_beyond_tokens(snapshot, ranks, split) for split in splits])
    assert int((beyond > _beyond(0.01)).sum()) <= 3  # four and more by chance once in 400 times
    assert 0.7 <= float(beyond.std()) <= 1.3


def test_what_tokens_add_to_losses_hides_no_split_that_was_drawn():
    """Rows differ in loss by more than test inputs from train inputs of their row."""
    index = LARGER.split(0.7, 0)[0]
    losses = 8.0 * PAIRS[:, 0] + torch.randn(169, generator=torch.Generator().manual_seed(0))
    losses[torch.tensor([each for each in range(169) if each not in set(index.tolist())])] += 2
    why = gl.explain(by_losses(LARGER, losses), LARGER, train_index=index)
    assert pairs(why.final).errors < 2
    assert finding(why).verdict == "supported"
    assert (
        "at 1 %, beside inputs of the same tokens and answers, as the split seems drawn"
        in finding(why).source
    )


def test_a_split_is_looked_for_where_test_inputs_came_to_be_answered_and_not_where_one_parts_the_means():
    index, test = LARGER.split(0.7, 0)
    one = torch.full((169,), 12.0)
    one[test[0]] = -12.0
    models = {
        10: table(LARGER, index, 12, 9),
        50: gl.hooked(Table(LARGER, one)),
        100: table(LARGER, index, 12, 12),
    }
    why = gl.explain(gl.Run.of(models, LARGER, train_index=index))
    assert finding(why).verdict == "supported"
    assert finding(why).note.startswith("at step 10, ")
