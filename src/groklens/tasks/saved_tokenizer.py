"""`gl.tasks.tokenizer_of`: the tokenizer that is saved with a language model."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from groklens.errors import BadArgument, DamagedRun
from groklens.gguf_file import is_gguf, read_gguf
from groklens.progress import without_wish_for_widgets
from groklens.tasks.gguf_tokenizer import gguf_tokenizer

_CHECKPOINT = re.compile(r"checkpoint-(\d+)")
_FILE = "tokenizer.json"


def tokenizer_of(path: str | Path) -> Any:
    """The tokenizer saved with a language model, as a `tokenizers.Tokenizer`: text to tokens as the model was given it.

    Args:
        path: a folder that transformers saved (with tokenizer.json, or with older files that transformers turns
            into one), such a run of `checkpoint-STEP/`, whose last is taken, or a GGUF file.

    `encode(text).ids` adds the special tokens that the model's own tokenizer adds; `add_special_tokens=False` leaves
    them out. No code that comes with a model is run, and nothing is fetched. Raises `BadArgument` where there is no
    tokenizer, or one of a kind that is not read, and `DamagedRun` for a file that is damaged.

    >>> tokenizer_of("model.gguf").encode("Monday").ids  # doctest: +SKIP
    [42079]
    """
    path = Path(path).expanduser()
    if is_gguf(path):
        return gguf_tokenizer(read_gguf(path))
    if path.is_file() and path.suffix == ".json":
        return _from_file(path)
    if not path.is_dir():
        raise BadArgument(f"There is no model at {path}; give its folder, or a GGUF file.")
    folder = _folder(path)
    file = folder / _FILE
    return _from_file(file) if file.is_file() else _by_transformers(folder)


def _folder(path: Path) -> Path:
    """The folder itself, or its last checkpoint where only those have a tokenizer."""
    if (path / _FILE).is_file():
        return path
    named = {_CHECKPOINT.fullmatch(folder.name): folder for folder in path.glob("checkpoint-*")}
    steps = {int(match[1]): folder for match, folder in named.items() if match and folder.is_dir()}
    return steps[max(steps)] if steps else path


def _from_file(file: Path) -> Any:
    from tokenizers import Tokenizer

    try:
        return Tokenizer.from_file(str(file))
    except Exception as error:  # tokenizers raises plain exceptions
        raise DamagedRun(f"{file} is no complete tokenizer ({str(error)[:200]}); copy it again.") from error


def _by_transformers(folder: Path) -> Any:
    """The tokenizer of older files (vocab.json and merges.txt, a sentencepiece model), as transformers reads them."""
    with without_wish_for_widgets():
        from transformers import AutoTokenizer

    how = (
        f"save it there, AutoTokenizer.from_pretrained(name).save_pretrained({str(folder)!r}), or give a tokenizer of "
        "your own: any function from a text to a list of tokens"
    )
    try:
        found = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except Exception as error:  # whatever others wrote there
        said = " ".join(str(error).split())[:160]
        raise BadArgument(f"{folder} holds no tokenizer that is read ({said}); {how}.") from error
    if getattr(found, "backend_tokenizer", None) is None or not found.backend_tokenizer.get_vocab_size():
        raise BadArgument(f"{folder} holds no {_FILE} and nothing that it could be made of; {how}.")
    return found.backend_tokenizer
