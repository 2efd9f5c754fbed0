"""Weights in several files (shards) that an index beside them puts together, as transformers and accelerate write."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from groklens.errors import DamagedRun, described
from groklens.runs.readers.safe_loading import read_config

_INDEX = ".index.json"
#: Where this stands beside an index, the model is one of transformers', whose own reader reads it.
_CONFIG = "config.json"


def is_index(path: Path) -> bool:
    """Whether a path is the index of shards of weights of which nothing beside it says whose model they are.

    >>> is_index(Path("model.safetensors.index.json"))
    False
    """
    return path.name.endswith(_INDEX) and path.is_file() and not path.with_name(_CONFIG).is_file()


def joined(index: Path, content_of: Callable[[Path], Any]) -> dict[str, Any]:
    """The weights of all the shards that an index names; `content_of` reads one.

    Raises `DamagedRun` for an index that is none, and for a shard that is missing or lacks what it should hold.

    >>> joined(Path("model.safetensors.index.json"), content_of)  # doctest: +SKIP
    """
    places = read_config(index).get("weight_map")
    if not isinstance(places, dict) or not places:
        raise DamagedRun(
            f"{index} has {described(places)} for its weight_map, which should say the file of each weight; copy it "
            "again."
        )
    held = {name: _shard(index, name, content_of) for name in {*map(str, places.values())}}
    lacking = [name for name, file in places.items() if name not in held[str(file)]]
    if lacking:
        raise DamagedRun(
            f"{index.with_name(str(places[lacking[0]]))} lacks {lacking[0]}, which {index.name} places there; copy it "
            "again."
        )
    return {name: held[str(file)][name] for name, file in places.items()}


def _shard(index: Path, name: str, content_of: Callable[[Path], Any]) -> dict[str, Any]:
    shard = index.with_name(name) if name and name == Path(name).name else index
    if is_index(shard) or not shard.is_file():  # an index that names another may be named by that
        raise DamagedRun(f"{index} names the file {name!r}, which is not beside it; copy all of them again.")
    content = content_of(shard)
    return content if isinstance(content, dict) else {}
