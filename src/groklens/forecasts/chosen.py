"""`Chosen`: what was chosen before a run was trained, as far as a signal may know it."""

from __future__ import annotations

from dataclasses import dataclass

from groklens.recipes import Loss, Recipe


@dataclass(frozen=True)
class Chosen:
    """Loss and hyper-parameters of a run, and nothing of its task: a recipe's task would show the test examples.

    `learning_rate` and `weight_decay` are nan where the optimiser has none of that name.

    >>> Chosen("cross_entropy", 1e-3, 1.0, 0.3, 0).train_share
    0.3
    """

    loss: str | Loss
    learning_rate: float
    weight_decay: float
    train_share: float
    seed: int

    @classmethod
    def of(cls, recipe: Recipe) -> Chosen:
        """What a recipe chose."""
        rate, decay = (float(getattr(recipe.optimizer, name, "nan")) for name in ("lr", "weight_decay"))
        return cls(recipe.loss, rate, decay, recipe.train_fraction, recipe.seed)
