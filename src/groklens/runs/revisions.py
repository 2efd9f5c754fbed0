"""`gl.revisions`: the checkpoints of a language model on the hub by name, in the order of training."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from groklens.errors import BadArgument, GroklensError, one_line, shown
from groklens.runs.readers.revision_names import Revision, told_by


class Revisions(dict[str, Revision]):
    """Revisions by name, in the order of training, each with its step and the tokens seen; a mapping.

    `source` says where they are from, `left_out` those whose names do not tell where they belong, such as `main`.
    """

    def __init__(self, found: dict[str, Revision], source: str, left_out: Iterable[str] = ()) -> None:
        super().__init__(found)
        self.source, self.left_out = source, tuple(left_out)


@dataclass(frozen=True)
class _Family:
    """Models whose checkpoints follow one schedule: their names, what labels are called, and tokens an update."""

    names: str
    label: str
    tokens: int
    source: str


_FAMILIES = (
    _Family(
        r"EleutherAI/pythia-[\d.]+[mb](-deduped)?(-v0)?",
        "step{}",
        2_097_152,
        "labels: TransformerLens; 1,024 sequences of 2,048 tokens an update: Biderman et al. 2023, arXiv:2304.01373",
    ),
    _Family(
        r"stanford-crfm/\w+-gpt2-\w+-x\d+",
        "checkpoint-{}",
        524_288,
        "labels: TransformerLens; 512 sequences of 1,024 tokens an update: Mistral, its configuration of GPT-2",
    ),
)


def revisions(name: str) -> Revisions:
    """The checkpoints that a language model on the hub has, each with its step and the tokens seen, in that order.

    Pythia's and stanford-crfm's are known without asking (TransformerLens' lists); of other models the hub is asked for
    branches and tags, and their names are read (OLMo's `stage1-step1000-tokens5B`). Names that do not tell where they
    belong are in `left_out`: `main`, and OLMo's later stages, whose steps begin anew. Labels of Pythia's first version
    (`-v0`) count updates of its usual batch, of models trained with twice that too, so that tokens are right. For
    `gl.load`, all or some of it.

    Raises `BadArgument` for a path, and where neither a list nor the hub tells any.

    >>> found = revisions("EleutherAI/pythia-70m")
    >>> len(found), found["step1000"]
    (154, Revision(step=1000, tokens=2097152000))
    >>> gl.load("EleutherAI/pythia-70m", revisions=list(found)[::10], task=gl.Probe(tokens))  # doctest: +SKIP
    """
    if not isinstance(name, str) or "/" not in name or Path(name).exists():
        raise BadArgument(
            f"{shown(name)} is no name of a model on the hub; give one such as 'EleutherAI/pythia-70m'."
        )
    for family in _FAMILIES:
        if re.fullmatch(family.names, name):
            labels = _labels(family, name)
            known = {family.label.format(step): Revision(step, step * family.tokens) for step in labels}
            return Revisions(known, family.source)
    return _by_names(name, _asked(name))


def _labels(family: _Family, name: str) -> list[int]:
    from groklens.models import lens

    if family.names.startswith("stanford"):
        return sorted(lens.STANFORD_CRFM_CHECKPOINTS)
    return sorted(lens.PYTHIA_V0_CHECKPOINTS if "v0" in name else lens.PYTHIA_CHECKPOINTS)


def _by_names(name: str, labels: list[str]) -> Revisions:
    found, left_out = {}, []
    for label in labels:
        try:
            found[label] = told_by(label)
        except GroklensError:
            left_out.append(label)
    by_tokens = any(each.tokens is not None for each in found.values())
    for label in [
        label for label, each in found.items() if (each.tokens if by_tokens else each.step) is None
    ]:
        left_out.append(label)
        del found[label]
    if not found:
        raise BadArgument(
            f"No revision of {name} has a name that tells its step, of {', '.join(labels[:5])}; give names with their "
            "updates to gl.load, revisions={'main': 143000}, or tokens, revisions={'main': (None, 300_000_000_000)}."
        )
    ordered = sorted(found.items(), key=lambda item: (item[1].tokens or 0, item[1].place))
    return Revisions(dict(ordered), f"names of branches and tags of {name}", left_out)


def _asked(name: str) -> list[str]:
    """The branches and tags that the hub has of a model."""
    from huggingface_hub import HfApi

    try:
        refs = HfApi().list_repo_refs(name)
    except Exception as error:  # of whatever library fetches it
        raise BadArgument(
            f"No list of revisions of {name} comes with TransformerLens, and the hub does not answer "
            f"({one_line(str(error))[:200]}); give names with their updates to gl.load, "
            "revisions={'step1000': 1000}, or tokens, revisions={'step1000': (None, 2_097_152_000)}."
        ) from error
    return [ref.name for ref in (*refs.branches, *refs.tags)]
