"""A recipe: everything that decides what a training run gives."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields, is_dataclass, replace
from functools import cached_property, partial
from typing import Any

from groklens.errors import BadArgument, described, whole_fields, whole_number
from groklens.models import LOSSES_EACH, MLP, Transformer
from groklens.recipes.keep import MOST_KEPT, Every, Keep, LogSpaced, Steps, kept_up_to
from groklens.recipes.optimizer import SGD, AdamW
from groklens.tasks import Task, check_task, task_from_spec
from groklens.values import check_fields, choice

#: Updates of one run: at a millisecond each, eleven days.
MOST_STEPS = 10**9

_PARTS: dict[str, type] = {
    part.__name__: part for part in (Transformer, MLP, AdamW, SGD, Every, LogSpaced, Steps)
}


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A frozen, complete, serialisable description of one training run; equal recipes have equal `id`.

    `train_fraction` of the task's inputs are trained on, chosen by `seed`; the initial weights come from
    `seed` too. `loss` is `"cross_entropy"` (float64 log-softmax at the answer) or `"mse"`. `batch_size` None
    is the full batch. The held-out inputs are evaluated every `evaluate_every` steps, never when it is None.
    `keep` says which steps are stored: `Every(100)`, `LogSpaced(60)`, `Steps([…])`.

    Raises `BadArgument` for values that fit no run.
    """

    task: Task
    model: Transformer | MLP
    optimizer: AdamW | SGD = AdamW()
    train_fraction: float = 0.3
    loss: str = "cross_entropy"
    batch_size: int | None = None
    steps: int = 10_000
    evaluate_every: int | None = 100
    seed: int = 0
    keep: Keep = LogSpaced(60)

    def __post_init__(self) -> None:
        """Refuse values that fit no run, and let the schedule know where the run ends."""
        check_task(self.task)
        for name, kinds, example in _MEANT:
            _check_part(name, getattr(self, name), kinds, example)
        optional = [name for name in ("evaluate_every", "batch_size") if getattr(self, name) is not None]
        whole_fields(self, *optional, least=1)
        put = partial(object.__setattr__, self)
        put("steps", whole_number("steps", self.steps, 1, such_as=10_000, most=MOST_STEPS))
        put("seed", whole_number("seed", self.seed, such_as=0))
        choice("loss", self.loss, LOSSES_EACH)
        self.task.split(self.train_fraction, self.seed)  # raises with its own message
        put("train_fraction", float(self.train_fraction))  # 1 and 1.0: one id
        if isinstance(self.keep, LogSpaced) and self.keep.until is None:
            object.__setattr__(self, "keep", replace(self.keep, until=self.steps))
        if isinstance(self.keep, Every) and self.steps // self.keep.period > MOST_KEPT:
            raise BadArgument(
                f"{self.keep!r} keeps {self.steps // self.keep.period:,} of {self.steps:,} steps; a run keeps at most "
                f"{MOST_KEPT:,}: use LogSpaced(60)."
            )

    @cached_property
    def id(self) -> str:
        """Twelve hexadecimal digits of a digest over every field."""
        return hashlib.sha256(canonical(self.to_dict()).encode()).hexdigest()[:12]

    @property
    def kept_steps(self) -> list[int]:
        """Every step that the run will keep, the first and the last included."""
        return sorted({0, self.steps, *kept_up_to(self.keep, self.steps)})

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, from which `Recipe.from_dict` makes an equal recipe."""
        values: dict[str, Any] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, Task):
                values[field.name] = value.spec()
            elif is_dataclass(value) and not isinstance(value, type):
                values[field.name] = {"kind": type(value).__name__, **asdict(value)}
            else:
                values[field.name] = value
        return json.loads(json.dumps(values))

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Recipe:
        """The recipe that `to_dict` described; `BadArgument` for unknown fields or kinds."""
        if not isinstance(values, dict):
            raise BadArgument(
                f"A recipe is described by its fields, as Recipe.to_dict() gives them; found {described(values)}."
            )
        parts = dict(values)
        if "task" in parts:
            parts["task"] = task_from_spec(parts["task"])
        for name in ("model", "optimizer", "keep"):
            if name in parts:
                parts[name] = _part(name, parts[name])
        check_fields("This is no recipe of this version", parts, cls)
        return cls(**parts)

    def differences(self, other: Recipe) -> list[str]:
        """Where two recipes differ, as `field: ours → theirs`."""
        ours, theirs = self.to_dict(), other.to_dict()
        return [f"{key}: {ours[key]} → {theirs[key]}" for key in ours if ours[key] != theirs[key]]


def canonical(values: dict[str, Any]) -> str:
    """JSON with sorted keys and no spaces: equal values give equal text."""
    return json.dumps(values, sort_keys=True, separators=(",", ":"))


#: The parts of a recipe besides its task: what each may be, and one written down.
_MEANT: tuple[tuple[str, tuple[type, ...], str], ...] = (
    ("model", (Transformer, MLP), "gl.Transformer(d_model=128)"),
    ("optimizer", (AdamW, SGD), "gl.AdamW(lr=1e-3)"),
    ("keep", (Keep,), "gl.Every(100)"),
)


def _check_part(name: str, value: object, kinds: tuple[type, ...], example: str) -> None:
    if not isinstance(value, kinds) or isinstance(value, type):
        raise BadArgument(f"{name} is {described(value)}; give a value that describes it, such as {example}.")


def _part(name: str, values: dict[str, Any]) -> Any:
    if not isinstance(values, dict):
        raise BadArgument(
            f"The recipe's {name} is {described(values)}; give its kind and fields, as to_dict() does."
        )
    # JSON has no tuples.
    fields_ = {field: tuple(v) if isinstance(v, list) else v for field, v in values.items()}
    kind = fields_.pop("kind", None)
    if not isinstance(kind, str) or kind not in _PARTS:
        raise BadArgument(
            f"The recipe's {name} is of kind {described(kind)}; this version knows {', '.join(_PARTS)}."
        )
    check_fields(f"The recipe's {name} is no {kind} of this version", fields_, _PARTS[kind])
    return _PARTS[kind](**fields_)
