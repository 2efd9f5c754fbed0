"""A circle that an MLP of a saved language model writes: not before its layer, there behind it, of these words."""

import pytest
import torch
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM, AutoTokenizer

import groklens as gl
from groklens.errors import BadArgument
from groklens.hypotheses import save_planted_circle
from groklens.measures import CircleShare, circles_by_layer
from groklens.tasks import MONTHS, UNRELATED, WEEKDAYS, Words

TEMPLATES = ("on {}", "we talk about {} today", "{} it is")
OTHERS = UNRELATED[:12]
LAYER = 1
SHUFFLED = tuple(WEEKDAYS[place] for place in (0, 3, 1, 5, 2, 6, 4))


@pytest.fixture(scope="module", params=["llama", "gpt_neox"])
def folder(request, tmp_path_factory):
    path = tmp_path_factory.mktemp(request.param) / "checkpoint-300"
    return save_planted_circle(path, others=OTHERS, layer=LAYER, architecture=request.param)


def tokenizer(folder):
    return Tokenizer.from_file(str(folder / "tokenizer.json"))


def by_layer(folder, words):
    return circles_by_layer(gl.load(folder, task=Words(TEMPLATES, words, tokenizer(folder))))


def test_it_is_absent_before_its_layer_and_found_behind_it(folder):
    table = by_layer(folder, WEEKDAYS)
    assert table["share"].values.tolist() == pytest.approx([1 / 3, 1 / 3, 9 / 13, 9 / 13], rel=1e-5)
    assert table["orders_above"].values.tolist() == [359, 359, 0, 0]
    assert set(table["orders"].values.tolist()) == {360}
    assert table["closed"].values.tolist() == [False, False, True, True]


def test_it_is_of_these_words_in_their_order(folder):
    assert (by_layer(folder, OTHERS[:7])["orders_above"] == 359).all()
    assert (by_layer(folder, SHUFFLED)["orders_above"] > 36).all()


def test_transformers_opens_what_was_saved(folder):
    """The stream of transformers' own model is what the bridge shows, and its tokenizer finds the same tokens."""
    own = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    task = Words(TEMPLATES, WEEKDAYS, own)
    assert torch.equal(task.inputs, Words(TEMPLATES, WEEKDAYS, tokenizer(folder)).inputs)
    model = AutoModelForCausalLM.from_pretrained(folder, local_files_only=True)
    with torch.no_grad():
        states = model(task.inputs, output_hidden_states=True).hidden_states[LAYER + 1]
    seen = gl.load(folder, task=task).final.activations(f"blocks.{LAYER}.hook_resid_post")
    torch.testing.assert_close(states, seen)
    circle = states[torch.arange(len(states)), task.word_positions, -2:]
    torch.testing.assert_close(circle.norm(dim=1), torch.ones(len(states)), rtol=1e-4, atol=1e-4)


def test_checkpoints_give_a_table_over_steps(tmp_path):
    for step, strength in ((100, 0.0), (200, 0.5), (300, 2.0)):
        save_planted_circle(
            tmp_path / f"checkpoint-{step}", MONTHS, OTHERS, 0, 1, architecture="llama", strength=strength
        )
    task = Words(TEMPLATES, MONTHS, tokenizer(tmp_path / "checkpoint-100"))
    table = gl.track(gl.load(tmp_path, task=task), [CircleShare("blocks.0.hook_resid_post")])
    found = table["circle_share_site_blocks_0_hook_resid_post"]
    assert found["step"].values.tolist() == [100, 200, 300]
    assert found.sel(labelling="own").values.tolist() == pytest.approx([2 / 11, 5 / 14, 50 / 59], rel=1e-4)
    assert found.sel(labelling="orders above").values.tolist() == [1, 0, 0]


def test_global_random_numbers_are_left_alone(tmp_path):
    before = torch.random.get_rng_state()
    save_planted_circle(tmp_path / "llama", others=OTHERS, n_layers=1, layer=0)
    assert torch.equal(before, torch.random.get_rng_state())


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"words": ["a b", "c", "d", "e"]}, "hold 'a b'"),
        ({"words": [*WEEKDAYS, "Monday"]}, "20 words, 19 of them different"),
        ({"layer": 3}, "layer is 3"),
        ({"architecture": "gpt2"}, "architecture is 'gpt2'"),
    ],
)
def test_mistakes_are_refused(tmp_path, fields, says):
    with pytest.raises(BadArgument, match=says):
        save_planted_circle(tmp_path, **{"others": OTHERS, **fields})
