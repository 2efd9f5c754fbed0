"""Configuration values that an author's code fixes and its files omit: used as defaults, and named as assumed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from groklens.errors import BadArgument, DamagedRun, described
from groklens.models.published import granted, left_open
from groklens.runs.readers.load_arguments import LoadArguments

#: Entries of state dictionaries that are no weights, whoever wrote them.
BUFFERS = ("mask", "IGNORE")


def settled(
    own: Mapping[str, Any], code: Mapping[str, Any], told: LoadArguments, path: Path
) -> tuple[dict[str, Any], dict[str, Any]]:
    """A transformer's configuration, and what of it neither its file nor the user says.

    `own` is what is in the file, in words and by its weights, `code` what the authors' code sets where the file is
    silent. Raises `BadArgument` where config= says otherwise than the file.

    >>> settled(told_by(weights), {"act_fn": "relu", …}, LoadArguments(), Path("cfg.json"))[1]  # doctest: +SKIP
    {'act_fn': 'relu', 'normalization_type': None, 'attention_dir': 'causal'}
    """
    taken = {name: code[name] for name in left_open(own) if name in code}
    chosen = {name: told.config.get(name, value) for name, value in taken.items()}
    taken |= granted({**own, **chosen})
    return told.config_or(own, taken, path), told.not_said(taken)


def refuse_other(told: LoadArguments, fixed: Mapping[str, Any], path: Path) -> None:
    """Raise `BadArgument` where `config=` contradicts code that builds its models in one way only.

    >>> refuse_other(LoadArguments(config={"act_fn": "relu"}), {"act_fn": "relu"}, Path("config.json"))
    """
    for name, value in fixed.items():
        other = told.config.get(name, value)
        if other != value:
            raise BadArgument(
                f"{path} is of a model whose authors' code has {name} {described(value)}, and no other is built here; "
                f"config= says {described(other)}: leave it out of config=, or give the model that was trained: "
                "gl.load(path, task=task, model=model)."
            )


def check_all_used(path: Path, names: Iterable[str], used: Iterable[str]) -> None:
    """Raise `DamagedRun` naming weights that no model of the format would use, masks excepted.

    >>> check_all_used(Path("model.pt"), ["embed.W_E", "blocks.0.attn.mask"], ["embed.W_E"])
    """
    known = set(used)
    more = [name for name in names if name not in known and name.rpartition(".")[2] not in BUFFERS]
    if more:
        some = ", ".join(more[:4]) + (f" and {len(more) - 4} more" if len(more) > 4 else "")
        raise DamagedRun(
            f"{path} holds {some}, which the models of this format do not have, and nothing of a file is left out; "
            "give the model that was trained: gl.load(path, task=task, model=model)."
        )
