"""Checking a folder that transformers saved before it is opened: its config.json and the tensors its files declare."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from groklens.errors import DamagedRun, described
from groklens.models.published import check_kind, parts_of, resolved_config
from groklens.runs.file_checks import check_regular, check_safetensors
from groklens.runs.readers.safe_loading import read_config

_INDEX = "model.safetensors.index.json"
#: Numbers of parts, each of which has weights of its own.
_COUNTS = (
    "num_hidden_layers",
    "n_layer",
    "num_layers",
    "n_layers",
    "num_attention_heads",
    "n_head",
    "num_heads",
)
_SIZES = (
    "vocab_size", "hidden_size", "n_embd", "d_model", "intermediate_size", "n_inner", "ffn_dim", "n_positions",
    "max_position_embeddings", "head_dim", "num_key_value_heads", "d_ff", "d_kv", *_COUNTS,
)  # fmt: skip
#: Positions that are computed and not learned have no weights to bound them by.
_MOST_POSITIONS = 2**24


def check_saved_model(folder: Path) -> None:
    """Raise `DamagedRun` or `BadArgument` for a folder that transformers should not be asked to open.

    That is: attention of another kind than torch's own, quantised weights, shards that are missing, elsewhere or no
    safetensors, and sizes beyond those of the weights that are there. Nothing is loaded for it.

    >>> check_saved_model(Path("runs/gpt2/checkpoint-500"))  # doctest: +SKIP
    """
    file = folder / "config.json"
    for inside in _entries(folder):
        check_regular(inside)
    config = read_config(file)
    check_kind(config, file)
    shapes = _shapes(folder)
    if not shapes:
        return  # no safetensors: said where they are opened
    for part in parts_of(config):
        _check_sizes(file, part, shapes)
    _check_sizes(file, resolved_config(folder), shapes)  # what is left out may be a model of billions


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _check_sizes(file: Path, config: dict[str, Any], shapes: dict[str, tuple[int, ...]]) -> None:
    longest = max((length for shape in shapes.values() for length in shape), default=0)
    for name in _SIZES:
        found = config.get(name)
        learned = "position" not in name or name == "n_positions"
        most = (
            len(shapes) if name in _COUNTS and "head" not in name else longest if learned else _MOST_POSITIONS
        )
        for value in found if isinstance(found, list) else () if found is None else (found,):
            if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
                raise DamagedRun(
                    f"{file} says that {name} is {described(value)}; a whole number from 1 to {most:,} is expected, by "
                    "the weights beside it. Copy both again."
                )


def _shapes(folder: Path) -> dict[str, tuple[int, ...]]:
    """The shapes of all tensors, from the headers of the files."""
    index = folder / _INDEX
    files = _shards(index) if index.is_file() else [folder / "model.safetensors"]
    if not index.is_file() and not files[0].is_file():
        return {}
    return {name: shape for file in files for name, shape in check_safetensors(file).items()}


def _shards(index: Path) -> list[Path]:
    placed = read_config(index).get("weight_map")
    if not isinstance(placed, dict) or not placed:
        raise DamagedRun(f"{index} names no shards (weight_map); copy it again.")
    names = sorted({json.dumps(name) if not isinstance(name, str) else name for name in placed.values()})
    for name in names:
        if Path(name).name != name or not name.endswith(".safetensors"):
            raise DamagedRun(
                f"{index} names the shard {name[:80]!r}; safetensors files in that folder are expected."
            )
    files = [index.with_name(name) for name in names]
    missing = [file.name for file in files if not file.is_file()]
    if missing:
        raise DamagedRun(f"{index} names {missing[0]}, which is missing; copy it again.")
    return files
