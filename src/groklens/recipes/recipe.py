"""`gl.Recipe`: everything that determines the result of a training run."""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cached_property, partial
from typing import Any

from groklens.errors import BadArgument, described, whole_fields, whole_number
from groklens.models import ModelSpec
from groklens.parts import (
    LATER,
    check_survives,
    from_spec,
    is_ours,
    know,
    ours_in,
    parts_in,
    spec_of,
    through_json,
)
from groklens.recipes.adamw import AdamW
from groklens.recipes.keep import MOST_KEPT, Every, Keep, LogSpaced, kept_up_to
from groklens.recipes.loss import Loss
from groklens.recipes.optimizer import Optimizer
from groklens.recipes.start import Start
from groklens.tasks import (
    Corrupted,
    Task,
    check_can_be_made_again,
    check_task,
    own_tasks,
    task_from_spec,
)
from groklens.value_checks import check_fields, choice

#: Updates of one run: at a millisecond each, eleven days.
MOST_STEPS = 10**9
#: Whether a recipe is being made from its file: what to choose otherwise is then said to nobody.
_FROM_FILE: ContextVar[bool] = ContextVar("from file", default=False)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A frozen, complete, serialisable description of one training run; equal recipes have equal `id`.

    `train_fraction` of the task's inputs are trained on, chosen by `seed`; the initial weights come from
    `seed` too. Of a stream, every update trains on `batch_size` fresh examples, and `train_fraction` says nothing.
    `loss` is `"cross_entropy"` (float64 log-softmax at the answer) or `"mse"`. `batch_size` None
    is the full batch. The test inputs are evaluated every `evaluate_every` steps, never when it is None.
    `keep` says which steps are stored: `Every(100)`, `LogSpaced(60)`, `Steps([…])`. `start` is what a fork goes on from
    (`gl.fork` fills it in); None is the initialisation, step 0.

    Task, model, optimiser, loss and schedule may be of a user's own class, a frozen dataclass with the one method that
    theirs have: `ModelSpec`, `Optimizer`, `Loss`, `Keep`. They are turned into their specification and back here,
    so that one that a file could not hold is refused before anything is trained.

    Raises `BadArgument` for values that fit no run, or do not survive a file. Warns where wrong labels of a `Corrupted`
    task were chosen by the permutation that splits, so that another share of the train labels is wrong than was asked.
    """

    task: Task
    model: ModelSpec
    optimizer: Optimizer = AdamW()  # noqa: RUF009 (frozen)
    train_fraction: float = 0.3
    loss: str | Loss = "cross_entropy"
    batch_size: int | None = None
    steps: int = 10_000
    evaluate_every: int | None = 100
    seed: int = 0
    keep: Keep = LogSpaced(60)
    start: Start | None = field(default=None, metadata=LATER)

    def __post_init__(self) -> None:
        check_task(self.task)
        for name in _PARTS:
            _check_part(name, getattr(self, name))
        optional = [name for name in ("evaluate_every", "batch_size") if getattr(self, name) is not None]
        whole_fields(self, *optional, least=1)
        put = partial(object.__setattr__, self)
        put("steps", whole_number("steps", self.steps, 1, such_as=10_000, most=MOST_STEPS))
        put("seed", whole_number("seed", self.seed, such_as=0))
        put("loss", _named_loss(self.loss))
        put("train_fraction", self._share_trained_on())
        self._check_start()
        if isinstance(self.keep, LogSpaced) and self.keep.until is None:
            object.__setattr__(self, "keep", replace(self.keep, until=self.steps))
        if isinstance(self.keep, Every) and self.steps // self.keep.period > MOST_KEPT:
            raise BadArgument(
                f"{self.keep!r} keeps {self.steps // self.keep.period:,} of {self.steps:,} steps; a run keeps at most "
                f"{MOST_KEPT:,}: use LogSpaced(60)."
            )
        self._check_own_parts()
        if said := _wrong_labels_by_the_split(self):
            warnings.warn(said, UserWarning, stacklevel=3)

    def _check_start(self) -> None:
        if self.start is not None and not isinstance(self.start, Start):
            raise BadArgument(
                f"start is {described(self.start)}; it says what a fork goes on from: gl.fork(run, step=…) makes it."
            )
        if self.start is not None and self.start.step >= self.steps:
            raise BadArgument(
                f"The run would end at step {self.steps}, and its fork begins at {self.start.step}; give more steps."
            )

    def _share_trained_on(self) -> float:
        """The share of inputs trained on as a float, so that 1 and 1.0 give one id; 1 for a stream."""
        if self.task.is_stream:
            if self.batch_size is None:
                raise BadArgument(
                    f"{self.task.name} is a stream, and has no full batch; say how many fresh examples an update has: "
                    "batch_size=128."
                )
            return 1.0
        self.task.split(self.train_fraction, self.seed)  # raises with its own message
        return float(self.train_fraction)

    def _check_own_parts(self) -> None:
        """Register a user's own parts; `BadArgument` for one that could not be restored from a file."""
        if own_tasks(self.task):
            check_can_be_made_again(self.task)
        own = {
            name: getattr(self, name)
            for name in (*_PARTS, "loss")
            if not isinstance(getattr(self, name), str)
        }
        own = {name: part for name, part in own.items() if not all(map(is_ours, parts_in(part)))}
        know(each for part in own.values() for each in parts_in(part))
        for name, part in own.items():
            written = through_json(spec_of(part), f"The recipe's {name}")
            check_survives(part, _part(name, written), f"The recipe's {name}")

    @cached_property  # every step asks
    def loss_part(self) -> Loss:
        """The loss as a part: the recipe's own value, or the one of that name."""
        return _losses()[self.loss]() if isinstance(self.loss, str) else self.loss

    @cached_property
    def id(self) -> str:
        """Twelve hexadecimal digits of a digest over all fields."""
        return hashlib.sha256(canonical(self.to_dict()).encode()).hexdigest()[:12]

    @property
    def kept_steps(self) -> list[int]:
        """All steps that the run will keep, including the first and the last."""
        kept = (step for step in kept_up_to(self.keep, self.steps) if step >= self.first_step)
        return sorted({self.first_step, self.steps, *kept})

    @property
    def first_step(self) -> int:
        """The step at which the run begins: 0, or where a fork leaves its parent."""
        return 0 if self.start is None else self.start.step

    @property
    def order_seed(self) -> int:
        """The seed of the order of batches, or of a stream's fresh examples: the recipe's, or a fork's own."""
        return self.seed if self.start is None or self.start.order is None else self.start.order

    def to_dict(self) -> dict[str, Any]:
        """The recipe as JSON values, from which `Recipe.from_dict` makes an equal recipe."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        for name in (*_PARTS, "loss"):
            values[name] = values[name] if isinstance(values[name], str) else spec_of(values[name])
        if self.start is None:  # of a version later than most ids
            del values["start"]
        else:
            values["start"] = asdict(self.start)
        return through_json(values | {"task": self.task.spec()}, "The recipe")

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
        for name in (*_PARTS, "loss"):
            if name in parts and not (name == "loss" and isinstance(parts[name], str)):
                parts[name] = _part(name, parts[name])
        check_fields("This is no recipe of this version", parts, cls)
        if isinstance(parts.get("start"), dict):
            check_fields("The recipe's start is none of this version", parts["start"], Start)
            parts["start"] = Start(**parts["start"])
        token = _FROM_FILE.set(True)
        try:
            return cls(**parts)
        finally:
            _FROM_FILE.reset(token)

    def differences(self, other: Recipe) -> list[str]:
        """The fields in which two recipes differ, as `field: ours → theirs`."""
        ours, theirs = self.to_dict(), other.to_dict()
        keys = list(dict.fromkeys([*ours, *theirs]))
        pairs = [(key, ours.get(key), theirs.get(key)) for key in keys]
        return [f"{key}: {mine} → {other}" for key, mine, other in pairs if mine != other]


def _wrong_labels_by_the_split(recipe: Recipe) -> str:
    """What to say where a table's wrong labels were chosen by the permutation that splits it; empty elsewhere."""
    task = recipe.task
    if _FROM_FILE.get() or not isinstance(task, Corrupted) or task.is_stream or task.seed != recipe.seed:
        return ""
    train, test = task.split(recipe.train_fraction, recipe.seed)
    if task.d_in is not None or not 0 < task.fraction < 1 or not len(test):
        return ""
    share = float((task.targets != task.labels)[train].double().mean())
    return (
        f"The recipe's seed={recipe.seed} and that of its Corrupted task choose by one permutation, so that inputs of "
        f"wrong labels are the first to be trained on: {share:.0%} of the train labels are wrong, not about "
        f"{task.fraction:.0%}. For a choice apart from the split: gl.Corrupted(task, {task.fraction:g}, "
        f"seed={recipe.seed + 1000})."
    )


def canonical(values: dict[str, Any]) -> str:
    """JSON text with sorted keys and no spaces, equal for equal values."""
    return json.dumps(values, sort_keys=True, separators=(",", ":"))


#: The parts of a recipe besides task and loss: what each is, where ours are shown, and one written down.
_PARTS: dict[str, tuple[type, str, str, str]] = {
    "model": (ModelSpec, "groklens.models", "build", "gl.Transformer(d_model=128)"),
    "optimizer": (Optimizer, "groklens.recipes", "build", "gl.AdamW(lr=1e-3)"),
    "keep": (Keep, "groklens.recipes", "keeps", "gl.Every(100)"),
}


def _losses() -> dict[str, type]:
    """Our losses by the names that a recipe may use for them."""
    kinds: Iterable[Any] = ours_in("groklens.recipes", "each").values()
    return {kind.name: kind for kind in kinds}


def _named_loss(loss: object) -> Any:
    """One of our losses by name, or a user's own unchanged; `BadArgument` for anything else."""
    if isinstance(loss, type) or not isinstance(loss, Loss):
        return choice("loss", loss, _losses())
    return getattr(loss, "name", loss) if is_ours(loss) else loss


def _check_part(name: str, value: object) -> None:
    kind, face, verb, example = _PARTS[name]
    another = is_ours(value) and type(value) not in ours_in(face, verb).values()
    if another or isinstance(value, type) or not isinstance(value, kind):
        raise BadArgument(f"{name} is {described(value)}; give a value that describes it, such as {example}.")


def _part(name: str, values: Any) -> Any:
    _, face, verb, _ = _PARTS.get(name, (Loss, "groklens.recipes", "each", ""))
    return from_spec(values, ours_in(face, verb), f"The recipe's {name}")
