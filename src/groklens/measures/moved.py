"""`Moved` and `Direction`: how far, and which way, weights have gone since a step of the run."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from groklens.errors import BadArgument, did_you_mean
from groklens.measures.measure import About
from groklens.measures.since import Since
from groklens.models import trained_of
from groklens.snapshots import Snapshot
from groklens.value_checks import choice, flag_fields

_LAZY = "Kumar et al. 2023, arXiv:2310.06110 (lazy to rich: weights that hardly move, or do)"
AGAINST = ("weights", "displacement")


@dataclass(frozen=True)
class Moved(Since):
    """Distance of the weights from those of the reference step, ‖θ − θ₀‖/‖θ₀‖, or without the division.

    0 at the reference. Relative distances far below 1 are those of lazy training, in which the network stays near its
    linearisation; 1 and more mean that little of the reference is left. Weight decay alone takes it towards 1.

    Args:
        since: the reference, a kept step of the run or a snapshot.
        of: `"weights"`, all that are trained; `"embedding"`, W_E or the W_in that reads one-hots; or a weight by its
            TransformerLens name, such as `"W_U"`.
        relative: whether it is divided by the norm of the reference. Not to be asked for where that is 0.

    Raises `BadArgument` for weights that the model does not have, or that have other shapes at the reference.

    >>> Moved(since=100, of="W_E").__name__
    'moved_since_100_of_W_E'
    """

    of: str = "weights"
    relative: bool = True

    def __post_init__(self) -> None:
        """Refuse a reference or a flag that is none."""
        super().__post_init__()
        flag_fields(self, "relative")

    @property
    def about(self) -> About:
        """Its units depend on whether it is relative."""
        return About(
            f"distance moved by the {_said(self.of)}",
            "share of the reference's norm" if self.relative else "norm of weights",
            (0, float("inf")),
            _LAZY,
            "weights",
        )

    def value(self, snapshot: Snapshot, circuit: object) -> float:
        """The distance of the snapshot's weights from those of the reference."""
        del circuit
        now, before = moved_weights(snapshot, self.reference, self.of)
        distance, norm = float((now - before).norm()), float(before.norm())
        if not self.relative:
            return distance
        if norm == 0:
            raise BadArgument(
                f"The {_said(self.of)} of {self.reference!r} are 0, and no distance is a share of that; give "
                "relative=False."
            )
        return distance / norm


@dataclass(frozen=True)
class Direction(Since):
    """Cosine of the weights with those of the reference, or of the last displacement with all before it, in [−1, 1].

    `against="weights"`: cos(θ, θ₀). 1 where weights have only been scaled since the reference, as by weight decay; 0
    where nothing of them is left. `against="displacement"`: cos(θ − θ₋, θ₋ − θ₀), θ₋ at the kept step before: 1 where
    the run keeps going where it went, 0 where it turns at a right angle, as noise does, −1 where it comes back. 0, too,
    where there is nothing to compare: at the reference, and where weights have not moved. `since` and `of` as in
    `Moved`, errors too.

    >>> Direction(against="displacement").__name__
    'direction_against_displacement'
    """

    of: str = "weights"
    against: str = "weights"

    def __post_init__(self) -> None:
        """Refuse a direction that is none."""
        super().__post_init__()
        choice("against", self.against, AGAINST)

    @property
    def about(self) -> About:
        """What the cosine is taken with is in its name."""
        against = "at the reference" if self.against == "weights" else "with the displacement before"
        name = f"cosine of the {_said(self.of)} {against}"
        return About(name, "cosine", (-1, 1), f"{_LAZY}; the cosine is ours", "weights")

    def value(self, snapshot: Snapshot, circuit: object) -> float:
        """The cosine, 0 where one of the two directions is none."""
        del circuit
        now, before = moved_weights(snapshot, self.reference, self.of)
        if self.against == "weights":
            return _cosine(now, before)
        earlier = [step for step in self.run.steps if snapshot.step is not None and step < snapshot.step]
        if not earlier:
            return 0.0
        last = _vector(self.run.at(earlier[-1]), self.of)
        return _cosine(now - last, last - before)


def _cosine(one: Float[Tensor, "weight"], other: Float[Tensor, "weight"]) -> float:
    scale = float(one.norm() * other.norm())
    return max(-1.0, min(1.0, float(one @ other) / scale)) if scale > 0 else 0.0


def moved_weights(
    snapshot: Snapshot, reference: Snapshot, of: str
) -> tuple[Float[Tensor, "weight"], Float[Tensor, "weight"]]:
    """The weights of a snapshot and of the reference, each as one float64 vector; `BadArgument` where shapes differ."""
    shapes = [[tuple(each.shape) for each in _weights(one, of)] for one in (snapshot, reference)]
    if shapes[0] != shapes[1]:
        one, other = next(
            (pair for pair in zip(*shapes, strict=False) if pair[0] != pair[1]),
            tuple(len(each) for each in shapes),
        )
        raise BadArgument(
            f"The {_said(of)} of {snapshot!r} and of {reference!r} cannot be compared: {one} against {other}; give a "
            "reference of the same model."
        )
    return _vector(snapshot, of), _vector(reference, of)


def _vector(snapshot: Snapshot, of: str) -> Float[Tensor, "weight"]:
    return torch.cat([each.detach().double().cpu().flatten() for each in _weights(snapshot, of)])


def _weights(snapshot: Snapshot, of: str) -> list[Tensor]:
    if of == "weights":
        return trained_of(snapshot.anatomy.model)
    known = snapshot.weights
    if of == "embedding" and not snapshot.anatomy.reads_operands:
        raise BadArgument(f"{snapshot!r} has neither W_E nor W_in, so no embedding; give of='weights'.")
    name = ("W_E" if snapshot.anatomy.embeds else "W_in") if of == "embedding" else of
    if name not in known:
        asked = did_you_mean(name, known)
        raise BadArgument(
            f"{snapshot!r} has no weights {of!r}; {asked or 'it has ' + ', '.join(known)}. There are 'weights' and "
            "'embedding' too."
        )
    return [known[name]]


def _said(of: str) -> str:
    return {"weights": "weights", "embedding": "embedding"}.get(of, of)
