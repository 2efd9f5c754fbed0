"""Sums as text: where their numbers stand, what answers them, and which tokenizers they are refused for."""

import json

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors

import groklens as gl
from adder import digits, whole_numbers
from groklens.errors import BadArgument, UnknownName
from groklens.models import Site
from groklens.tasks import WrittenSums, task_from_spec


def test_numbers_of_one_token_are_answered_whole():
    task = WrittenSums(whole_numbers, largest=19)
    assert task.inputs.shape == (400, 4)
    assert torch.equal(task.labels, task.numbers["a"] + task.numbers["b"])
    assert torch.equal(task.numbers["sum"], task.labels)
    assert {name: found.unique().tolist() for name, found in task.token_positions.items()} == {
        "a": [0],
        "b": [2],
        "=": [3],
    }
    assert (task.left_out, task.d_vocab, task.d_vocab_out) == (0, 41, 39)


def test_digits_are_asked_one_by_one_after_the_right_ones():
    task = WrittenSums(digits, largest=50, digit="units", length=7)
    texts = ["".join("0123456789+="[token] for token in row) for row in task.inputs.tolist()]
    for row in range(0, len(texts), 97):
        a, b = (int(task.numbers[name][row]) for name in "ab")
        assert texts[row] + str(int(task.labels[row])) == f"{a}+{b}={a + b}"
    assert torch.equal(task.labels, task.digit("sum"))
    assert task.left_out == 51**2 - len(texts)


def test_places_differ_from_prompt_to_prompt():
    task = WrittenSums(digits, largest=15, digit="units", length=6)  # 5+10=1 and 10+5=1
    assert task.token_positions["a"].unique().tolist() == [0, 1]
    for name, of in (("a", "a"), ("b", "b")):
        last = task.inputs[torch.arange(len(task.inputs)), task.token_positions[name]]
        assert torch.equal(last, task.digit(of))
    after = task.inputs[torch.arange(len(task.inputs)), task.token_positions["="]]
    assert after.unique().tolist() == [11]


def test_the_commonest_length_is_kept_and_a_sample_is_of_it():
    task = WrittenSums(digits, largest=70, smallest=30, digit="tens")
    assert task.n_ctx == len("55+67=1")
    drawn = WrittenSums(digits, largest=70, smallest=30, digit="tens", sample=50, seed=3)
    assert len(drawn.inputs) == 50
    assert torch.equal(
        drawn.inputs, WrittenSums(digits, largest=70, smallest=30, digit="tens", sample=50, seed=3).inputs
    )
    assert task.digit("b", "tens").max() == 7


def test_tokenizers_of_the_library_and_their_special_tokens():
    words = Tokenizer(
        models.WordLevel({"[x]": 0, "+": 1, "=": 2, **{str(n): 3 + n for n in range(20)}}, "[x]")
    )
    words.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    words.post_processor = processors.TemplateProcessing("[x] $A [x]", special_tokens=[("[x]", 0)])
    task = WrittenSums(words, largest=4)
    assert task.inputs[:, 0].unique().tolist() == [0]
    assert task.token_positions["a"].unique().tolist() == [1]
    assert task.inputs.shape == (25, 5)
    assert torch.equal(WrittenSums(words, largest=4, special_tokens=False).inputs, task.inputs[:, 1:])


def test_a_model_says_how_many_tokens_there_are_and_names_stay():
    task = WrittenSums(whole_numbers, largest=4).fitted(100)
    assert (task.d_vocab, task.d_vocab_out) == (100, 9)
    assert set(task.token_positions) == {"a", "b", "="}
    with pytest.raises(BadArgument, match="knows 12"):
        task.fitted(12)


def test_it_comes_back_from_its_specification_without_the_tokenizer():
    task = WrittenSums(digits, largest=30, digit="units", sample=20).fitted(50)
    again = task_from_spec(json.loads(json.dumps(task.spec())))
    assert again == task
    assert (again.name, again.left_out, again.d_vocab) == (task.name, task.left_out, 50)
    for found, known in ((again.numbers, task.numbers), (again.token_positions, task.token_positions)):
        assert all(torch.equal(found[name], known[name]) for name in known)


def test_activations_are_taken_at_each_inputs_own_place():
    task = WrittenSums(digits, largest=15, digit="units", length=6, sample=40)
    model = gl.Transformer(d_model=8, n_heads=1, d_head=8, d_mlp=8).build(task, seed=0)
    snapshot = gl.Snapshot(model, task)
    whole = snapshot.activations("blocks.0.hook_resid_post")
    there = whole[torch.arange(40), task.token_positions["a"]]
    assert torch.equal(snapshot.activations("blocks.0.hook_resid_post", "a"), there)
    silent = gl.interventions.patch(snapshot, "hook_embed", torch.zeros(40, 8), pos="a")
    embedded = silent.activations("hook_embed")
    assert not silent.activations("hook_embed", "a").any()
    assert torch.equal(embedded[:, -1], snapshot.activations("hook_embed", -1))
    with pytest.raises(UnknownName, match="names the positions 'a', 'b', '='"):
        snapshot.activations("hook_embed", "c")
    with pytest.raises(BadArgument, match="no position of a token"):
        snapshot.activations("blocks.0.attn.hook_pattern", "a")
    with pytest.raises(BadArgument, match="positions by number"):
        gl.capture(snapshot, Site("hook_embed", "a"))


def test_operands_of_any_table_have_named_places():
    task = gl.ModularArithmetic(5)
    assert task.numbers["b"].tolist()[:6] == [0, 1, 2, 3, 4, 0]
    assert task.token_positions["b"].unique().tolist() == [1]


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ({"tokenizer": digits}, "2 tokens; ask for one digit"),
        ({"tokenizer": whole_numbers, "largest": 19, "digit": "units"}, "no token a digit"),
        ({"tokenizer": digits, "template": "{a} plus"}, r"write \{a\} and \{b\} once"),
        ({"tokenizer": digits, "template": "{a}+{b}{c}"}, "no other braces"),
        ({"tokenizer": digits, "digit": "ones"}, "choose 'units'"),
        ({"tokenizer": digits, "digit": "units", "length": 3}, "No prompt has 3 tokens"),
        ({"tokenizer": None}, "give its tokenizer"),
        ({"tokenizer": 3}, "function from a text"),
        ({"tokenizer": lambda text: ["a"]}, "numbers of its tokens"),
        (
            {"tokenizer": whole_numbers, "smallest": 1, "largest": 9, "template": "{a}+{b}"},
            "one token of the end",
        ),
        ({"tokenizer": whole_numbers, "largest": 9, "template": "{a}{b}="}, "no last token of its own"),
    ],
)
def test_what_cannot_be_asked_is_refused(given, match):
    with pytest.raises(BadArgument, match=match):
        WrittenSums(**{"largest": 12, **given})
