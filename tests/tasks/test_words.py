"""Words in texts: found among the tokens of any tokenizer, elements of a group, back from a specification."""

import json
import re
from zlib import crc32

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

import groklens as gl
from groklens.errors import BadArgument
from groklens.tasks import COMPASS, HOURS, MONTHS, NOTES, UNRELATED, WEEKDAYS, Words, task_from_spec
from groklens.tasks.word_tokens import placed

TEMPLATES = ["We talk about {} today", "{} it is", "On {}"]


def by_letter(text):
    return [ord(each) for each in text]


def by_word(text):
    return [
        1,
        *(sum(map(ord, each)) % 90 + 10 for each in text.split()),
        2,
    ]  # one token in front, one behind


def byte_level(pairs=(), special=False):
    """A byte-level tokenizer, as those of GPT-2 and Llama 3 are, with some merges, and tokens around every text."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    whole = ["".join(pair) for pair in pairs]
    vocabulary = {each: place for place, each in enumerate([*letters, *whole, "<s>", "</s>"])}
    built = Tokenizer(models.BPE(vocab=vocabulary, merges=list(pairs)))
    built.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    if special:
        ends = [(each, vocabulary[each]) for each in ("<s>", "</s>")]
        built.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=ends)
    return built


MERGED = (("Ġ", "S"), ("ĠS", "u"), ("ĠSu", "n"), ("S", "u"), ("Su", "n"))


def test_inputs_are_template_major():
    days = Words(TEMPLATES, WEEKDAYS, by_word)
    assert days.inputs.shape == (21, 7)  # the longest has five words, and two ends
    assert days.group.name == "C7"
    assert days.elements.tolist() == [*range(7)] * 3
    assert days.template_of.tolist() == [0] * 7 + [1] * 7 + [2] * 7
    assert days.word_positions.tolist() == [4] * 7 + [1] * 7 + [2] * 7
    assert torch.equal(days.token_positions["word"], days.word_positions)
    assert days.inputs[8, days.word_positions[8]] == by_word("Tuesday")[1]
    assert days.symmetry is None
    assert days.name == "7 words, Monday to Sunday, in 3 templates"


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize("special", [False, True])
def test_a_word_is_tokenised_in_its_place(special, wrapped):
    built = byte_level(MERGED, special)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=built) if wrapped else built
    words = Words(["On {}", "{} now"], ["Sun", "Son"], tokenizer)
    shift = int(special)
    assert words.word_positions.tolist() == [2 + shift, 4 + shift, shift, 2 + shift]
    ids = {each: built.token_to_id(each) for each in ("ĠSun", "Sun", "n")}
    read = words.inputs[torch.arange(4), words.word_positions].tolist()
    assert read == [ids["ĠSun"], ids["n"], ids["Sun"], ids["n"]]
    bare = Words(["On {}", "{} now"], ["Sun", "Son"], tokenizer, special_tokens=False)
    assert bare.word_positions.tolist() == [2, 4, 0, 2]


@pytest.mark.parametrize("special", [False, True])
def test_comparing_tokens_finds_what_offsets_find(special):
    built = byte_level(MERGED, special)
    for template in (*TEMPLATES, "about {}, then", "({})"):
        for word in ("Sun", "Sunday", "Son", "über"):
            start = template.index("{}")
            text, end = template.replace("{}", word), start + len(word)
            by_function = placed(lambda each: built.encode(each).ids, text, start, end)
            assert by_function == placed(built, text, start, end)


def test_words_of_several_tokens_are_read_at_the_last_or_refused():
    words = Words("On {}", ["Sun", "Moon"], by_letter)
    assert words.word_positions.tolist() == [5, 6]
    with pytest.raises(BadArgument, match=r"'Sun' is 3 tokens in 'On \{\}'"):
        Words("On {}", ["Sun", "Moon"], by_letter, several_tokens="refuse")
    Words("On {}", WEEKDAYS, by_word, several_tokens="refuse")
    Words("{}", ["Sun", "Sun."], byte_level(MERGED))
    Words("On {}", ["Sun"], byte_level(MERGED), several_tokens="refuse")


def test_a_word_that_shares_a_token_with_its_text_is_refused():
    merged = byte_level((*MERGED, ("Sun", "s"), ("a", "Sun")))
    functions = merged, lambda text: merged.encode(text).ids
    for tokenizer in functions:
        for template in ("{}s", "a{}"):
            with pytest.raises(BadArgument, match="one token of 'Sun' and of what stands beside it"):
                Words(template, ["Sun"], tokenizer)


def test_shorter_inputs_are_filled_up_behind():
    words = Words(["a {}", "a {} a a"], ["b", "c"], by_letter)
    assert words.padded
    assert words.inputs[0].tolist() == by_letter("a b") + [ord("b")] * 4
    assert Words(["a {}", "a {} a a"], ["b", "c"], by_letter, pad=7).inputs[1].tolist()[3:] == [7] * 4
    assert not Words(["a {}"], ["b", "c"], by_letter).padded


def cut(text):
    """Tokens of a tokenizer that knows the four winds, and cuts northeast in two."""
    pieces = re.findall("north|south|east|west|[^ ]+", text)
    return [crc32(each.encode()) % 997 for each in pieces]


def test_words_that_end_in_one_token_are_told():
    assert Words(TEMPLATES, COMPASS, cut).shared_tokens == (
        ("northeast", "east", "southeast"),
        ("southwest", "west", "northwest"),
    )
    assert Words(TEMPLATES, WEEKDAYS, by_word).shared_tokens == ()
    assert Words("{}", ["aa", "ba", "ab"], by_letter).shared_tokens == (("aa", "ba"),)


def test_words_of_the_same_tokens_are_refused():
    with pytest.raises(BadArgument, match=r"'foo' and 'baz' are the same tokens in 'On \{\}'"):
        Words(
            ["On {}"],
            ["foo", "bar", "baz"],
            lambda text: [0 if each in ("foo", "baz") else 1 for each in text.split()],
        )
    spec = Words("{}", ["a", "b"], by_letter).spec()
    with pytest.raises(BadArgument, match="the same tokens"):
        task_from_spec(spec | {"tokens": [[5], [5]]})


def test_coordinates_of_every_kind():
    hundred = [str(number) for number in range(100)]
    digits = Words("{} apples", hundred, by_letter, coordinate=lambda number: number % 10, group="C10")
    assert digits.elements.bincount().tolist() == [10] * 10
    assert Words("{}", hundred, by_letter).group.order == 100
    fifths = Words("{}", NOTES, by_letter, coordinate=[7 * note % 12 for note in range(12)], group="C12")
    assert fifths.elements.tolist()[:3] == [0, 7, 2]
    line = Words("{} apples", ["one", "five", "nine"], by_letter, coordinate=[1, 5, 9], group="line")
    assert line.group is None
    assert line.numbers["word"].tolist() == [1, 5, 9]
    with pytest.raises(BadArgument, match="numbers on a line"):
        _ = line.elements
    for listed, order in ((WEEKDAYS, 7), (MONTHS, 12), (HOURS, 12), (NOTES, 12), (COMPASS, 8)):
        assert Words("{}", listed, by_letter).group.order == order
    assert list(UNRELATED) != sorted(UNRELATED)
    assert len(set(UNRELATED)) == len(UNRELATED) >= 24


@pytest.mark.parametrize(
    "task",
    [
        Words(TEMPLATES, WEEKDAYS, by_word),
        Words("{}", ["1", "3"], by_word, coordinate=[1, 3], group="line", d_vocab=200),
        Words("{}", ["1", "3", "5"], by_word, coordinate=[2, 0, 1], group=[[0, 1, 2], [1, 2, 0], [2, 0, 1]]),
    ],
)
def test_it_comes_back_from_its_specification(task):
    again = task_from_spec(json.loads(json.dumps(task.spec())))
    assert again == task
    assert again.digest == task.digest
    assert again.words == task.words
    assert again.padded == task.padded
    assert torch.equal(again.word_positions, task.word_positions)
    assert again != Words(TEMPLATES, MONTHS, by_word)


def test_a_model_says_how_many_tokens_there_are():
    fitted = Words(TEMPLATES, WEEKDAYS, by_word).fitted(500)
    assert fitted.d_vocab_out == 500
    assert fitted.words == WEEKDAYS
    assert Words(TEMPLATES, WEEKDAYS, by_word, d_vocab=200).fitted(500).d_vocab == 200
    with pytest.raises(BadArgument, match="the model knows 9"):
        fitted.fitted(9)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((["no place"], WEEKDAYS, by_word), "with {} where the word comes"),
        (("{} and {}", WEEKDAYS, by_word), "once in each"),
        (("{}", ["a", "a"], by_word), "'a' more than once"),
        (("{}", [], by_word), "give a list of words"),
        (("{}", WEEKDAYS), "with the model's tokenizer"),
        (("{}", WEEKDAYS, "gpt2"), "tokenizer is 'gpt2'"),
        (("{}", WEEKDAYS, lambda text: "abc"), "This one gives 'abc'"),
        (("{}", ["a", "b"], by_word, [0, 1]), "say which, such as group='C10'"),
        (("{}", ["a", "b"], by_word, [0, 2], "C2"), "run from 0 to 2"),
        (("{}", ["a", "b"], by_word, [0], "C2"), "1 elements for 2 words"),
    ],
)
def test_mistakes_are_refused(arguments, says):
    with pytest.raises(BadArgument, match=says):
        gl.tasks.Words(*arguments)
