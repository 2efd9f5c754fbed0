"""The tokenizer in a GGUF file, rebuilt from its tokens and merges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from groklens.errors import BadArgument, DamagedRun
from groklens.gguf_file import GgufFile

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
_LLAMA_3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_QWEN_2 = _LLAMA_3.replace(r"\p{N}{1,3}", r"\p{N}")
#: How a text is cut before pairs are merged, by the name that the file gives it, and whether digits stand alone first.
#: Those of llama.cpp (src/llama-vocab.cpp) whose pattern is that of the model's own tokenizer.
_CUTS = {
    "default": (_GPT2, False),
    "gpt-2": (_GPT2, False),
    "smollm": (_GPT2, True),
    "starcoder": (_GPT2, True),
    "refact": (_GPT2, True),
    "command-r": (_GPT2, True),
    "llama3": (_LLAMA_3, False),
    "llama-v3": (_LLAMA_3, False),
    "llama-bpe": (_LLAMA_3, False),
    "smaug-bpe": (_LLAMA_3, False),
    "qwen2": (_QWEN_2, False),
    "deepseek-r1-qwen": (_QWEN_2, False),
}
_CONTROL, _USERS = 3, 4
_KEY = "tokenizer.ggml."


def gguf_tokenizer(file: GgufFile) -> Tokenizer:
    """The tokenizer in a GGUF file: byte-level pairs (`gpt2`), or pieces with scores (`llama`).

    Raises `BadArgument` for one of another kind, or that cuts texts in a way that is not known here: numbers would
    come out as other tokens than the model was trained on. Raises `DamagedRun` where its lists do not fit together.
    """
    kind = file.says.get(f"{_KEY}model")
    tokens, kinds = _list(file, "tokens", str), _list(file, "token_type", int)
    if kind not in ("gpt2", "llama") or not tokens:
        raise BadArgument(
            f"{file.path} has a tokenizer of the kind {kind!r}, and 'gpt2' and 'llama' are read; give the tokenizer of "
            "the model that it was made of."
        )
    if len(set(tokens)) < len(tokens) or len(kinds) not in (0, len(tokens)):
        raise DamagedRun(f"{file.path} is damaged: its tokens are not one of each; copy it again.")
    built = _by_pairs(file, tokens) if kind == "gpt2" else _by_pieces(file, tokens)
    _add_special(built, tokens, kinds)
    return _with_ends(built, file, tokens)


def _by_pairs(file: GgufFile, tokens: list[str]) -> Tokenizer:
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers

    name = file.says.get(f"{_KEY}pre", "default")
    if name not in _CUTS:
        raise BadArgument(
            f"{file.path} cuts texts as {str(name)[:80]!r} does, and known are {', '.join(_CUTS)}; give the tokenizer "
            "of the model that it was made of."
        )
    pattern, digits = _CUTS[name]
    whole = pattern is _LLAMA_3  # a word that is a token is one, whatever its merges
    built = Tokenizer(models.BPE(vocab=_numbered(tokens), merges=_merges(file, tokens), ignore_merges=whole))
    cuts: list[Any] = [pre_tokenizers.Digits(individual_digits=True)] if digits else []
    cuts += [
        pre_tokenizers.Split(Regex(pattern), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ]
    built.pre_tokenizer = pre_tokenizers.Sequence(cuts)
    built.decoder = decoders.ByteLevel()
    return built


def _by_pieces(file: GgufFile, tokens: list[str]) -> Tokenizer:
    """Pieces as sentencepiece joins them: of all neighbours, the two that make the piece of the best score first."""
    from tokenizers import Tokenizer, decoders, models, normalizers

    merges = _merges(file, tokens) or _merges_of_scores(file, tokens)
    unknown = file.says.get(f"{_KEY}unknown_token_id", 0)
    known = isinstance(unknown, int) and 0 <= unknown < len(tokens)
    built = Tokenizer(
        models.BPE(
            vocab=_numbered(tokens),
            merges=merges,
            unk_token=tokens[unknown] if known else None,
            fuse_unk=True,
            byte_fallback=True,
        )
    )
    begins = file.says.get(f"{_KEY}add_space_prefix", True)
    steps: list[Any] = [normalizers.Prepend("▁")] if begins else []
    built.normalizer = normalizers.Sequence([*steps, normalizers.Replace(" ", "▁")])
    ends: list[Any] = [decoders.Strip(content=" ", left=1)] if begins else []
    built.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), *ends]
    )
    return built


def _merges(file: GgufFile, tokens: list[str]) -> list[tuple[str, str]]:
    known = set(tokens)
    found = [tuple(each.split(" ", 1)) for each in _list(file, "merges", str)]
    if not all(len(pair) == 2 and {*pair, "".join(pair)} <= known for pair in found):
        raise DamagedRun(f"{file.path} is damaged: its merges are not of its tokens; copy it again.")
    return found


def _merges_of_scores(file: GgufFile, tokens: list[str]) -> list[tuple[str, str]]:
    scores = _list(file, "scores", float)
    if len(scores) != len(tokens):
        raise DamagedRun(f"{file.path} is damaged: it has not one score for each token; copy it again.")
    number = _numbered(tokens)
    found = []
    for token, score in zip(tokens, scores, strict=True):
        halves = [(token[:at], token[at:]) for at in range(1, len(token))]
        pairs = [pair for pair in halves if pair[0] in number and pair[1] in number]
        pairs.sort(key=lambda pair: (number[pair[0]], number[pair[1]]))
        found += [(-score, pair) for pair in pairs]
    return [pair for _, pair in sorted(found, key=lambda entry: entry[0])]


def _add_special(built: Tokenizer, tokens: list[str], kinds: list[int]) -> None:
    """Say which tokens stand for themselves in a text: those of control, and those that the model's user added."""
    from tokenizers import AddedToken

    for kind, special in ((_CONTROL, True), (_USERS, False)):
        chosen = [token for token, its in zip(tokens, kinds, strict=False) if its == kind]
        added = [AddedToken(token, normalized=False, special=special) for token in chosen]
        built.add_special_tokens(added) if special else built.add_tokens(added)


def _with_ends(built: Tokenizer, file: GgufFile, tokens: list[str]) -> Tokenizer:
    """The tokenizer with what it adds before and behind every text, if anything."""
    from tokenizers import processors

    ends = {}
    # What llama.cpp does where the file does not say.
    begins = _CUTS.get(file.says.get(f"{_KEY}pre", "default"), (_GPT2,))[0] is _LLAMA_3
    begins = begins or file.says.get(f"{_KEY}model") == "llama"
    for place, default in (("bos", begins), ("eos", False)):
        number = file.says.get(f"{_KEY}{place}_token_id")
        if file.says.get(f"{_KEY}add_{place}_token", default) and number is not None:
            if not isinstance(number, int) or not 0 <= number < len(tokens):
                raise DamagedRun(f"{file.path} is damaged: it has no token {number!r}; copy it again.")
            ends[place] = (tokens[number], number)
    if ends:
        parts = [ends[place][0] if place in ends else "" for place in ("bos", "eos")]
        form = [part for part in (parts[0], "$A", parts[1]) if part]
        built.post_processor = processors.TemplateProcessing(single=form, special_tokens=list(ends.values()))
    return built


def _numbered(tokens: list[str]) -> dict[str, int]:
    return {token: number for number, token in enumerate(tokens)}


def _list(file: GgufFile, name: str, kind: type) -> list[Any]:
    found = file.says.get(f"{_KEY}{name}", [])
    if not isinstance(found, list) or not all(isinstance(each, kind) for each in found):
        raise DamagedRun(
            f"{file.path} is damaged: {_KEY}{name} is no list of {kind.__name__}; copy it again."
        )
    return found
