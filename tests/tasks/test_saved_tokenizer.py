"""`tokenizer_of`: the tokenizer saved with a model, in a folder, its checkpoints or a GGUF file."""

import json

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

import groklens as gl
from gguf_model import MERGES, TOKENS, write_gguf
from groklens.errors import BadArgument, DamagedRun

PIECES = [
    "<unk>",
    "<s>",
    "</s>",
    *(f"<0x{byte:02X}>" for byte in range(256)),
    "▁",
    *"abc",
    "ab",
    "▁a",
    "▁ab",
    "abc",
]


@pytest.fixture
def saved(tmp_path):
    """A folder with a tokenizer as transformers saves it."""
    built = Tokenizer(models.WordLevel({"Monday": 0, "Tuesday": 1, "?": 2}, unk_token="?"))
    built.pre_tokenizer = pre_tokenizers.Whitespace()
    built.save(str(tmp_path / "tokenizer.json"))
    return tmp_path


def test_of_a_folder_and_of_its_file(saved):
    for path in (saved, str(saved), saved / "tokenizer.json"):
        assert gl.tasks.tokenizer_of(path).encode("Tuesday Monday Mars").ids == [1, 0, 2]


def test_of_the_last_checkpoint(saved):
    for step in (5, 100, 20):
        (saved / f"checkpoint-{step}").mkdir()
    (saved / "tokenizer.json").rename(saved / "checkpoint-100" / "tokenizer.json")
    assert gl.tasks.tokenizer_of(saved).encode("Tuesday").ids == [1]


def test_of_older_files(tmp_path):
    """vocab.json and merges.txt, of which transformers makes one."""
    tokens = ["<|endoftext|>", *TOKENS[2:]]
    (tmp_path / "vocab.json").write_text(json.dumps({token: number for number, token in enumerate(tokens)}))
    (tmp_path / "merges.txt").write_text("#version: 0.2\n" + "\n".join(MERGES))
    (tmp_path / "config.json").write_text('{"model_type": "gpt2"}')
    assert gl.tasks.tokenizer_of(tmp_path).encode("abc abc").tokens == ["abc", "Ġabc"]


def test_of_gguf(tmp_path):
    found = gl.tasks.tokenizer_of(write_gguf(tmp_path / "tiny.gguf"))
    assert found.encode("abcg abc").tokens == ["abc", "g", "Ġabc"]
    assert found.encode("<s>ab").ids == [0, TOKENS.index("ab")]
    assert found.decode(found.encode("abcg abc").ids) == "abcg abc"
    assert found.encode("<s>", add_special_tokens=False).tokens == ["<s>"]


def digits(cut, text, tmp_path):
    tokens = ["<s>", "</s>", *"0123456789", "Ġ", "12", "123", "1234", "Ġ12"]
    merges = ["1 2", "12 3", "123 4", "Ġ 12"]
    says = {"tokenizer.ggml.pre": cut, "tokenizer.ggml.merges": merges}
    return (
        gl.tasks.tokenizer_of(write_gguf(tmp_path / "digits.gguf", tokens=tokens, says=says))
        .encode(text)
        .tokens
    )


@pytest.mark.parametrize(
    ("cut", "tokens"),
    [
        ("gpt-2", ["1234", "Ġ12"]),
        ("smollm", [*"1234", "Ġ", *"12"]),
        ("llama-bpe", ["<s>", "123", "4", "Ġ", "12"]),
        ("qwen2", [*"1234", "Ġ", *"12"]),
    ],
)
def test_numbers_are_cut_as_the_model_was_taught(cut, tokens, tmp_path):
    assert digits(cut, "1234 12", tmp_path) == tokens


def test_another_cut_is_refused(tmp_path):
    with pytest.raises(BadArgument, match="cuts texts as 'nobodys' does"):
        digits("nobodys", "1", tmp_path)


def pieces(tmp_path, **says):
    model = {
        "model": "llama",
        "scores": [0.0] * 259 + [-9.0, -8.0, -8.1, -8.2, -2.0, -1.0, -3.0, -4.0],
        **says,
    }
    says = {f"tokenizer.ggml.{name}": value for name, value in model.items()}
    return gl.tasks.tokenizer_of(
        write_gguf(tmp_path / "pieces.gguf", tokens=PIECES, says=says | {"tokenizer.ggml.bos_token_id": 1})
    )


def test_pieces_are_joined_by_their_scores_and_the_rest_is_bytes(tmp_path):
    found = pieces(tmp_path, merges=None)
    assert found.encode("abc a").tokens == ["<s>", "▁ab", "c", "▁a"]
    assert found.encode("é").tokens == ["<s>", "▁", "<0xC3>", "<0xA9>"]
    assert found.decode(found.encode("abc é a").ids) == "abc é a"
    assert pieces(tmp_path, merges=None, add_bos_token=False).encode("a").tokens == ["▁a"]


@pytest.mark.parametrize(
    ("says", "message"),
    [
        ({"tokenizer.ggml.model": "bert"}, "of the kind 'bert'"),
        ({"tokenizer.ggml.merges": ["a z"]}, "merges are not of its tokens"),
        ({"tokenizer.ggml.merges": ["ab"]}, "merges are not of its tokens"),
        ({"tokenizer.ggml.tokens": ["a", "a"]}, "not one of each"),
        ({"tokenizer.ggml.tokens": "a"}, "no list of str"),
        ({"tokenizer.ggml.token_type": [1, 1]}, "not one of each"),
        ({"tokenizer.ggml.model": "llama", "tokenizer.ggml.merges": ""}, "no list of str"),
        ({"tokenizer.ggml.bos_token_id": 999, "tokenizer.ggml.add_bos_token": True}, "no token 999"),
    ],
)
def test_one_that_does_not_fit_together(says, message, tmp_path):
    file = write_gguf(tmp_path / "tiny.gguf", says=says)
    with pytest.raises((BadArgument, DamagedRun), match=message) as caught:
        gl.tasks.tokenizer_of(file)
    assert "\n" not in str(caught.value)
    assert "tiny.gguf" in str(caught.value)


def test_where_there_is_none(tmp_path):
    with pytest.raises(BadArgument, match="There is no model at"):
        gl.tasks.tokenizer_of(tmp_path / "gone")
    with pytest.raises(BadArgument, match=r"save_pretrained"):
        gl.tasks.tokenizer_of(tmp_path)
    (tmp_path / "tokenizer.json").write_text("{")
    with pytest.raises(DamagedRun, match=r"tokenizer\.json is no complete tokenizer"):
        gl.tasks.tokenizer_of(tmp_path)


def test_code_that_comes_with_a_tokenizer_is_not_run(tmp_path):
    mark = tmp_path / "was_run"
    (tmp_path / "own.py").write_text(f"open({str(mark)!r}, 'w')\n")
    own = {"auto_map": {"AutoTokenizer": ["own.T", None]}, "tokenizer_class": "T"}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(own))
    (tmp_path / "config.json").write_text('{"model_type": "own"}')
    with pytest.raises(BadArgument, match="holds no"):
        gl.tasks.tokenizer_of(tmp_path)
    assert not mark.exists()
